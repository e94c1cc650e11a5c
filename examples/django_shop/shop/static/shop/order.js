// Opens the overlay, and shows the order anew once the webhook has told the shop.
"use strict";
(() => {
  const pay = document.getElementById("pay");
  const wait = document.getElementById("wait");

  // Without FastStar.js the link goes to the cashier's own page.
  if (window.FastStar) {
    // Where it opens nothing, as at a URL that it does not know, the buyer pays on the cashier's page.
    const open = () =>
      window.FastStar.checkout.open({ url: pay.href }).catch(() => location.assign(pay.href));
    pay.addEventListener("click", (event) => {
      event.preventDefault();
      open();
    });
    // For the screen alone: the server waits for the webhook.
    window.FastStar.on("checkout.success", () => {
      wait.textContent = "Thank you. We wait for the confirmation of your payment.";
    });
    if ("open" in pay.dataset) open();
  }
  // A reload should not open it again.
  history.replaceState(null, "", location.pathname);

  const look = async () => {
    try {
      const answer = await fetch(wait.dataset.status);
      if (answer.ok && (await answer.json()).state !== "pending") return location.reload();
    } catch {
      // The network comes back.
    }
    setTimeout(look, 1500);
  };
  look();
})();
