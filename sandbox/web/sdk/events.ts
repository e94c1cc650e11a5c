import type FastStar from "./faststar.d.ts";

type Listener = (data: never) => void;

const listeners = new Map<string, Set<Listener>>();

export function on(event: string, listener: Listener): () => void {
  let known = listeners.get(event);
  if (!known) listeners.set(event, (known = new Set()));
  known.add(listener);
  return () => off(event, listener);
}

export function once(event: string, listener: Listener): () => void {
  const end = on(event, (data) => {
    end();
    listener(data);
  });
  return end;
}

export function off(event: string, listener: Listener): void {
  listeners.get(event)?.delete(listener);
}

/** Tells everyone; who throws does not keep it from the others. */
export function emit<K extends FastStar.EventName>(event: K, data: FastStar.Events[K]): void {
  for (const listener of [...(listeners.get(event) ?? [])]) {
    try {
      (listener as (data: FastStar.Events[K]) => void)(data);
    } catch (error) {
      reportError(error);
    }
  }
}
