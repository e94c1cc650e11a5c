package com.faststarpay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a Java program writes. */
class JavaTest {
    private final Sandbox.Merchant merchant = Sandbox.INSTANCE.merchant("direct");

    private FastStar client() {
        return new FastStar(merchant.getApiKey(), new ClientOptions(Sandbox.INSTANCE.getUrl(), Duration.ofSeconds(10)));
    }

    @Test
    void a_session_is_created_and_retrieved() {
        try (FastStar client = client()) {
            CreateSession request = new CreateSession(
                Mode.PAYMENT,
                List.of(LineItem.adHoc(999, "USD"), LineItem.adHoc(1, "USD", 2, "Bag")),
                Presentation.LINK,
                "https://shop.example/success",
                "https://shop.example/cancel",
                "DE",
                "order_1");
            Sessions sessions = client.getCheckout().getSessions();
            CreatedSession created =
                sessions.createFuture(request, new CallOptions("order_1")).join();
            Session session = sessions.retrieveFuture(created.getSession().getId()).join();
            assertEquals(1001, session.getAmountTotal());
            assertEquals(SessionStatus.OPEN, session.getStatus());
            assertEquals("$10.01", session.getTotal().format(Locale.US));
            assertEquals("order_1", session.getClientReferenceId());
        }
    }

    @Test
    void a_catalog_is_made_and_listed() {
        try (FastStar client = client()) {
            Product product =
                client.getCatalog().getProducts().createFuture(new CreateProduct("Tea")).join();
            CreatePrice request =
                CreatePrice.recurring(product.getId(), "USD", 500, Interval.MONTH);
            Price price = client.getCatalog().getPrices().createFuture(request).join();
            assertEquals(PriceType.RECURRING, price.getType());
            Page<Price> page = client.getCatalog().getPrices().listFuture(1).join();
            assertEquals(List.of(price), page.getItems());
            for (int more = 0; more < 3; more++) {
                client.getCatalog().getProducts().createFuture(new CreateProduct("Tea")).join();
            }
            assertEquals(4, client.getCatalog().getProducts().listAllFuture(2).join().size());
            assertEquals(List.of(price), client.getCatalog().getPrices().listAllFuture().join());
        }
    }

    @Test
    void a_session_is_watched_by_an_app_and_by_a_server() {
        try (FastStar client = client()) {
            Sessions sessions = client.getCheckout().getSessions();
            CreateSession request = new CreateSession(Mode.SETUP);
            CreatedSession created = sessions.createFuture(request).join();
            String id = created.getSession().getId();
            List<SessionStatus> seen = new CopyOnWriteArrayList<>();
            Consumer<Session> complete = session -> {
                seen.add(session.getStatus());
                if (session.getStatus().equals(SessionStatus.OPEN)) {
                    Sandbox.INSTANCE.complete(merchant, id);
                }
            };
            // What the app's server sends is what `toJson` wrote.
            Session last = Session.watchFuture(
                () -> sessions.retrieveFuture(id).thenApply(Session::toJson).thenApply(Session::fromJson),
                complete).join();
            assertEquals(SessionStatus.COMPLETE, last.getStatus());
            assertEquals(List.of(SessionStatus.OPEN, SessionStatus.COMPLETE), seen);
            assertEquals(last, sessions.watchFuture(id, session -> { }).join());
        }
    }

    @Test
    void a_watch_ends_when_its_future_is_cancelled() throws Exception {
        CompletableFuture<Session> never = new CompletableFuture<>();
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        never.whenComplete((session, error) -> cancelled.countDown());
        CompletableFuture<Session> watch = Session.watchFuture(
            () -> {
                asked.countDown();
                return never;
            },
            session -> { });
        assertTrue(asked.await(20, TimeUnit.SECONDS));
        watch.cancel(true);
        assertTrue(cancelled.await(20, TimeUnit.SECONDS));
        assertTrue(never.isCancelled());
    }

    @Test
    void a_watch_bears_what_may_pass() {
        Iterator<String> answers = List.of("offline", "busy", "paid").iterator();
        Session paid = Session.watchFuture(
            () -> CompletableFuture.supplyAsync(() -> {
                switch (answers.next()) {
                    case "offline": throw new UncheckedIOException(new IOException("offline"));
                    case "busy": throw new IllegalStateException("503");
                    default: return Session.fromJson("{\"id\": \"cs_1\", \"status\": \"complete\"}");
                }
            }),
            session -> { },
            error -> "503".equals(error.getMessage())).join();
        assertEquals("cs_1", paid.getId());
    }

    @Test
    void errors_are_caught_by_their_class() {
        try (FastStar client = client()) {
            CompletionException thrown = assertThrows(
                CompletionException.class,
                () -> client.getCheckout().getSessions().retrieveFuture("cs_none").join());
            FastStarException error =
                assertInstanceOf(FastStarException.NotFound.class, thrown.getCause());
            assertEquals("not_found", error.getCode());
        }
        assertThrows(FastStarException.Validation.class, () -> new Money(1, "dollar"));
    }

    @Test
    void what_needs_no_server_is_called_as_it_stands() {
        Quote quote = new Cart("EUR", List.of(new Cart.Line(4900)), "DE").quote();
        assertEquals(782, quote.getTax());
        assertEquals(190_000, TaxRate.find("DE").getRatePpm());
        assertEquals(
            ReturnOutcome.CANCEL,
            new ReturnUrls("myapp://success", "myapp://cancel").outcome("myapp://cancel"));
        assertEquals("cs_1", new Cashier().check("https://cashier.faststarpay.com/checkout/cs_1").getSessionId());

        byte[] body = ("{\"id\":\"evt_1\",\"type\":\"payment.succeeded\",\"data\":{\"payment_id\":\"pi_1\","
            + "\"amount\":1079,\"currency\":\"USD\",\"status\":\"succeeded\"}}").getBytes(StandardCharsets.UTF_8);
        String header = Webhook.signForTest(body, "whsec_1");
        Event event = Webhook.verify(body, header, "whsec_1");
        assertTrue(event.getFulfils());
        assertEquals(1079, event.getPayment().getAmount());
        assertThrows(
            FastStarException.Signature.class, () -> Webhook.verify(body, header, "whsec_2"));
    }
}
