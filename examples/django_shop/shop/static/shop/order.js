// Opens the overlay, and shows the order anew once the webhook has told the shop.
"use strict";
(() => {
  const pay = document.getElementById("pay");
  const wait = document.getElementById("wait");

  // Asks the shop for the order's open session each time, so that an old page opens no old one.
  const open = async () => {
    let told;
    try {
      const answer = await fetch(pay.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new FormData(pay),
      });
      told = await answer.json();
    } catch {
      // As without a script: the shop's page says what is wrong.
      return pay.submit();
    }
    if (told.go) return location.assign(told.go);
    // Where it opens nothing, as at a URL that it does not know, the buyer pays on the cashier's page.
    window.FastStar.checkout.open({ url: told.open }).catch(() => location.assign(told.open));
  };

  // Without FastStar.js the form goes to the cashier's own page.
  if (window.FastStar && pay.dataset.presentation === "iframe") {
    pay.addEventListener("submit", (event) => {
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
