declare const FastStar: FastStar.Static;
declare namespace FastStar {
  interface Static {
    checkout: { open(options: { url: string }): Promise<void> };
  }
}
export = FastStar;
export as namespace FastStar;
