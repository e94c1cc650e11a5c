/** What is sold. The prices live in FastStar's catalog; the amounts here are what the page shows. */

/** The currency of every price. */
export const CURRENCY = 'USD';

/** Amounts are in the currency's smallest unit: 999 is 9.99 USD. */
export const POSTERS = [
  { id: 'pocket-atlas', name: 'Pocket Atlas', about: 'The whole sky on one folded sheet.', amount: 999 },
  { id: 'northern-sky', name: 'Northern Sky', about: 'All that never sets above 50° north.', amount: 2900 },
  { id: 'hunter', name: 'The Hunter', about: 'Orion, drawn as Bayer saw it in 1603.', amount: 2400 },
  { id: 'lunation', name: 'Lunation', about: 'Twenty-nine nights of one moon.', amount: 2600 },
  { id: 'ringed-planet', name: 'Ringed Planet', about: 'Saturn at its widest tilt, 2017.', amount: 2600 },
  { id: 'great-comet', name: 'Great Comet', about: 'C/1858 L1, over the roofs of Paris.', amount: 3200 },
];

/** Where buyers live, as FastStar takes it, and as the page shows it. */
export const PLACES = {
  US: 'United States',
  'US-CA': 'United States, California',
  DE: 'Germany',
  FR: 'France',
  GB: 'United Kingdom',
  JP: 'Japan',
};

/**
 * Makes the prices in FastStar's catalog that are not there yet. Run it again at will.
 *
 * @param {import('faststar').FastStar} faststar
 * @param {import('./orders.js').Orders} orders
 */
export async function seed(faststar, orders) {
  const known = new Set();
  for await (const { id } of faststar.catalog.prices.list({ limit: 100 })) known.add(id);
  for (const { id, name, about, amount } of POSTERS) {
    if (known.has(orders.priceOf(id))) continue;
    const product = await faststar.catalog.products.create({ name, description: about });
    const price = await faststar.catalog.prices.create({
      product_id: product.id,
      currency: CURRENCY,
      unit_amount: amount,
    });
    orders.stock(id, price.id);
  }
}
