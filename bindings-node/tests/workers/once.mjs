import { FastStar } from 'faststar';

await new FastStar().checkout.sessions.retrieve('cs_1');
