/** Requests and answers of Node's own server, which Express and Fastify stand on. */

import { finished } from 'node:stream';
import { types } from 'node:util';

import { type Answer, BODY_LIMIT, lost, tooLarge } from './server.js';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request, to which a parser may have added what it read. */
export interface NodeRequest extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
}

/**
 * Gives the bytes of a request's body as they came.
 *
 * @param advice - How to keep them, where something has read them before.
 */
export async function rawBody(request: NodeRequest, advice: string): Promise<Uint8Array> {
  // What keeps bytes does no harm: express.raw(), and hosts that read before.
  const kept = [request.body, request.rawBody].find(types.isUint8Array);
  if (kept !== undefined) return bounded(kept);
  if (request.readableDidRead || request.readableEncoding !== null) throw lost(advice);
  if (Number(request.headers['content-length']) > BODY_LIMIT) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const take = (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size <= BODY_LIMIT) return void chunks.push(chunk);
      request.off('data', take).pause();
      reject(tooLarge());
    };
    request.on('data', take);
    finished(request, { writable: false }, (error) => {
      if (error) reject(error);
      else resolve(Buffer.concat(chunks));
    });
  });
}

function bounded(body: Uint8Array): Uint8Array {
  if (body.length > BODY_LIMIT) throw tooLarge();
  return body;
}

/** Sends an answer, unless something has answered already. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (!response.headersSent) response.writeHead(status, headers).end(body);
}
