/** An amount in its currency's smallest unit; a text where a number would lose digits. */
export type Amount = number | string;

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parses JSON, with the integers that a number would round as texts: amounts have 64 bits. */
export function parse(text: string): unknown {
  const exact = text.replace(TOKEN, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
  return JSON.parse(exact);
}
