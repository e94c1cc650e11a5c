/** The same from CommonJS. */

import faststar = require('faststar');

export const client: faststar.FastStar = new faststar.FastStar('fs_test_1');
export const session: Promise<faststar.Session> = client.checkout.sessions.retrieve('cs_1');
