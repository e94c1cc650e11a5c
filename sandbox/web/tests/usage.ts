// FastStar.js as a shop in TypeScript calls it. Checked, not run.
/// <reference path="../sdk/faststar.d.ts" />

async function buy(url: string): Promise<string | null> {
  FastStar.init();
  FastStar.init({ origin: "http://127.0.0.1:4250" });
  const end: () => void = FastStar.on("checkout.success", (data) => {
    const id: string = data.checkout_session_id;
    location.href = `/thanks?session=${id}`;
  });
  FastStar.once("checkout.error", ({ code, message }) => console.warn(code, message));
  const { status, checkout_session_id } = await FastStar.checkout.open({ url });
  const known: "success" | "closed" = status;
  end();
  FastStar.checkout.close();
  // @ts-expect-error there is no such event
  FastStar.on("checkout.sucess", () => {});
  // @ts-expect-error a url is needed
  void FastStar.checkout.open({});
  return known === "success" ? checkout_session_id : null;
}

void buy;
