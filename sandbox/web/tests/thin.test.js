import assert from "node:assert/strict";
import { test } from "node:test";

import { setUp } from "./support.js";

const world = setUp();

test("a buyer pays on the page", async (t) => {
  const { session, url } = await world.session();
  const page = await world.page(t);
  await page.goto(url);
  await page.getByRole("button", { name: "Pay" }).click();
  await page.getByText("Paid").waitFor();
  assert.equal((await world.retrieve(session.id)).status, "complete");
  assert.deepEqual(page.errors, []);
});
