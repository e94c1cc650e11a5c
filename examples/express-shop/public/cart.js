/** The cart, which lives in the browser: how many of which poster, and where they go. */

const KEY = 'cart';

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Gives the cart as the shop's server takes it. */
export function cart() {
  const { id = crypto.randomUUID(), quantities = {}, country = 'US', ...rest } = read();
  // It becomes the order's number: two clicks on one cart are one order.
  localStorage.setItem(KEY, JSON.stringify({ ...rest, id, quantities, country }));
  const lines = Object.entries(quantities).map(([poster, quantity]) => ({ poster, quantity }));
  return { id, lines, country };
}

/** Sets how many of a poster there are; 0 takes it out. */
export function set(poster, quantity) {
  const { quantities = {}, ...rest } = read();
  if (quantity > 0) quantities[poster] = quantity;
  else delete quantities[poster];
  localStorage.setItem(KEY, JSON.stringify({ ...rest, quantities }));
}

/** Sets where the posters go. */
export function shipTo(country) {
  localStorage.setItem(KEY, JSON.stringify({ ...read(), country }));
}

/** Takes everything out; what comes next is another order. */
export function empty() {
  const { country } = read();
  localStorage.setItem(KEY, JSON.stringify({ country }));
}

/** Makes an element, with its children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
