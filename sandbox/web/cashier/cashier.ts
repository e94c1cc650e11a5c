// The thin line: shows the total and pays with the first test card.
const id = location.pathname.split("/").pop() ?? "";
const token = new URLSearchParams(location.search).get("token") ?? "";
const path = `/cashier/v1/sessions/${encodeURIComponent(id)}`;
const answer = await (await fetch(`${path}?token=${encodeURIComponent(token)}`)).json();
const button = document.createElement("button");
button.textContent = `Pay ${answer.data.session.amount_total} ${answer.data.session.currency}`;
button.onclick = async () => {
  const response = await fetch(`${path}/pay`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({ token, card: { number: "4242424242424242" } }),
  });
  document.body.append(response.ok ? "Paid" : "Not paid");
};
document.body.append(button);
export {};
