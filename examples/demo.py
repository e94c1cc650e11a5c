"""The main job from end to end: a session, its totals, a payment, the signed webhook, verified.

`scripts/demo` runs it. By itself: pip install "faststar[sandbox]", then python examples/demo.py.
"""

import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from faststar import FastStar, Money, SignatureVerificationError, Webhook
from faststar.testing import Sandbox


def main():
    title("A sandbox plays FastStar on this machine")
    # Both end here, whatever happens.
    with Sandbox() as sandbox, WebhookServer() as server:
        merchant = sandbox.merchant
        merchant.deliver_to(server.url)
        print(f"It listens at {sandbox.url} and sends webhooks to {server.url}.")

        # In your shop it is FastStar(): the environment has FASTSTAR_API_KEY.
        with FastStar(api_key=merchant.api_key, base_url=merchant.base_url) as client:
            sell(client, merchant, server)


def sell(client, merchant, server):
    title("The merchant fills the catalog")
    product = client.catalog.products.create(name="Star atlas")
    usd = client.catalog.prices.create(product_id=product.id, currency="USD", unit_amount=999)
    eur = client.catalog.prices.create(product_id=product.id, currency="EUR", unit_amount=4900)
    monthly = client.catalog.prices.create(
        product_id=product.id,
        currency="EUR",
        unit_amount=500,
        type="recurring",
        recurring_interval="month",
    )
    for price in (usd, eur, monthly):
        amount = Money(price.unit_amount, price.currency)
        print(f"{price.id}  {amount!s:>10}  {price.type}")

    title("A buyer in the United States: the tax comes on top")
    american = client.checkout.sessions.create(
        mode="payment",
        presentation="iframe",
        line_items=[{"price_id": usd.id, "quantity": 1}],
        success_url="https://yoursite.com/success",
        cancel_url="https://yoursite.com/cancel",
        buyer_country="US",
        client_reference_id="order_10042",
    )
    print_totals(american.session)

    title("A buyer in Germany: the tax is inside the price")
    german = client.checkout.sessions.create(
        mode="payment",
        presentation="iframe",
        line_items=[{"price_id": eur.id, "quantity": 1}],
        buyer_country="DE",
    )
    print_totals(german.session)

    title("The American pays")
    print(f"The buyer's page is {american.url.split('?')[0]}; here a test card pays.")
    merchant.complete(american)

    title("The signed webhook arrives and is verified")
    body, headers = server.received.get(timeout=10)
    signature = headers["X-Webhook-Signature"]
    print(f"X-Webhook-Signature: {signature[:32]}…")
    event = Webhook.verify(body, signature, merchant.webhook_secret)
    payment = event.payment
    print(f"{event.id} {event.type}: {Money(payment.amount, payment.currency)}")
    # Compare with your order: it is what the buyer had to pay.
    if not event.fulfils or payment.amount != american.session.amount_total:
        raise SystemExit("this is not the payment of the session")
    order = payment.client_reference_id
    print(f"The signature holds, and so does the amount. {order} can be shipped.")

    session = client.checkout.sessions.retrieve(american.session.id)
    print(f"The session is {session.status}.")
    try:
        Webhook.verify(body + b" ", signature, merchant.webhook_secret)
    except SignatureVerificationError as error:
        print(f"With one byte more the verifier says: {error}")
    else:
        raise SystemExit("a forgery was taken")


class WebhookServer:
    """Takes webhooks, as your web framework does for you; keep the raw bytes of the body."""

    def __init__(self):
        self.received = received = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((body, self.headers))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/webhooks/faststar"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def title(text):
    print(f"\n\u2192 {text}")


def print_totals(session):
    print(f"{session.id} is {session.status}")
    for name in ("subtotal", "tax", "total"):
        amount = Money(getattr(session, f"amount_{name}"), session.currency)
        print(f"  {name:<8} {amount!s:>12}")


if __name__ == "__main__":
    main()
