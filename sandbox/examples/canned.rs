//! Answers every request at once with the same body, for benchmarks of clients: what is measured
//! beside it is the client. Prints its URL, and ends when its standard input does.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// The documentation's example answer.
const FASTSTAR: &str = r#"{"success":true,"message":"Checkout session created successfully","data":{"session":{"id":"cs_xxx","status":"open","amount_subtotal":999,"amount_tax":80,"amount_total":1079,"currency":"USD","session_token":"xxx","expires_at":"2026-06-13T12:00:00Z"},"url":"https://cashier.faststarpay.com/checkout/cs_xxx?token=xxx","session_token":"xxx"}}"#;
/// The like of it in the form that Stripe's client reads.
const STRIPE: &str = r#"{"id":"cs_xxx","object":"checkout.session","status":"open","amount_subtotal":999,"amount_total":1079,"total_details":{"amount_tax":80,"amount_discount":0,"amount_shipping":0},"currency":"usd","client_secret":"xxx","expires_at":1781352000,"url":"https://checkout.stripe.com/c/pay/cs_xxx","mode":"payment","livemode":false,"metadata":{}}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    #[allow(clippy::print_stdout)] // it is how the caller learns the port
    {
        println!("http://{}", listener.local_addr()?);
    }
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let io = TokioIo::new(stream);
            tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(answer)));
        }
    });
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = if request.uri().path().starts_with("/v1/") { STRIPE } else { FASTSTAR };
    // A body that is not read would cost the connection.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/json".parse().expect("a header"));
    headers.insert("x-request-id", "req_xxx".parse().expect("a header"));
    Ok(response)
}
