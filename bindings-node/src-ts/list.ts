import { native } from './errors.js';
import { Cursors } from './native.js';
import type { ListParams } from './types.js';

/** What a list answers. @internal */
export interface PageAnswer<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | null;
}

/** Gets one page. @internal */
export type Fetch<T> = (params: ListParams) => Promise<Page<T>>;

/**
 * A list: await it for its first page, or go through all its items with `for await`.
 *
 * Nothing is sent before.
 *
 * ```ts
 * for await (const product of faststar.catalog.products.list()) console.log(product.name);
 * ```
 */
export class List<T> implements Promise<Page<T>>, AsyncIterable<T> {
  readonly #get: () => Promise<Page<T>>;
  #first: Promise<Page<T>> | undefined;

  /** @internal */
  constructor(get: () => Promise<Page<T>>) {
    this.#get = get;
  }

  /**
   * Makes a list of these items, as a test's answer in place of a call's.
   *
   * ```ts
   * mock.method(faststar.catalog.products, 'list', () => List.from([Product.from({ id: 'prod_1' })]));
   * ```
   */
  static from<T>(items: readonly T[]): List<T> {
    const get = async (): Promise<Page<T>> => new Page({ items: Object.freeze([...items]) }, null, {}, get);
    return new List(get);
  }

  get [Symbol.toStringTag](): string {
    return 'List';
  }

  then<A = Page<T>, B = never>(
    onFulfilled?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#page().then(onFulfilled, onRejected);
  }

  catch<B = never>(
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<Page<T> | B> {
    return this.#page().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Page<T>> {
    return this.#page().finally(onFinally);
  }

  /** Goes through all items, and gets each page when the one before has been read. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* await this.#page();
  }

  #page(): Promise<Page<T>> {
    return (this.#first ??= this.#get());
  }
}

/** One page of a list, and the way to the next. */
export class Page<T> implements AsyncIterable<T> {
  /** The items of this page, in the server's order. */
  readonly items: readonly T[];
  /** What `list({ cursor })` takes for the next page; null on the last one. */
  readonly next_cursor: string | null;
  /** The answer's `X-Request-Id`. It is not enumerable. */
  declare readonly requestId?: string;

  readonly #params: ListParams;
  readonly #fetch: Fetch<T>;

  /** @internal */
  constructor(
    answer: PageAnswer<T>,
    requestId: string | null,
    params: ListParams,
    fetch: Fetch<T>,
  ) {
    this.items = answer.items;
    this.next_cursor = answer.next_cursor ?? null;
    Object.defineProperty(this, 'requestId', { value: requestId ?? undefined });
    this.#params = params;
    this.#fetch = fetch;
    Object.freeze(this);
  }

  /** Gets the page after this one; null after the last. */
  async nextPage(): Promise<Page<T> | null> {
    if (this.next_cursor === null) return null;
    return this.#fetch({ ...this.#params, cursor: this.next_cursor });
  }

  /**
   * Goes through all items from this page on, and gets each page when the one before has been read.
   *
   * A server that names a cursor for the second time ends it with an `UnexpectedResponseError`.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const cursors = new Cursors(this.#params.cursor);
    let page: Page<T> | null = this;
    while (page !== null) {
      const next = page.next_cursor;
      // Before the items, so that a list which runs in a circle gives none of them twice.
      native(() => cursors.follow(next));
      yield* page.items;
      page = await page.nextPage();
    }
  }
}
