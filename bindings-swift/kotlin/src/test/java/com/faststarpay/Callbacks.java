package com.faststarpay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What Java code does every day, on a machine with few processors: its callbacks wait for other calls. */
final class Callbacks {
    private static final int AT_ONCE = 50;

    public static void main(String[] arguments) throws Exception {
        try (FastStar client = FastStar.fromEnvironment()) {
            Sessions sessions = client.getCheckout().getSessions();
            CreateSession request = new CreateSession(Mode.PAYMENT, List.of(LineItem.adHoc(999, "USD")));
            String id = sessions.createFuture(request).join().getSession().getId();
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int number = 0; number < AT_ONCE; number++) {
                all.add(sessions.retrieveFuture(id).thenApply(session -> sessions.retrieveFuture(session.getId()).join()));
                all.add(sessions.retrieveFuture(id).handle((session, error) -> {
                    // A blocking call of the Kotlin side, and an error after it.
                    return sessions.retrieveFuture("cs_none").handle((none, missing) -> missing).join();
                }));
            }
            all.forEach(CompletableFuture::join);
            System.out.println("callbacks ended");

            // Watches: what they call waits, and a later call is answered meanwhile.
            CountDownLatch watching = new CountDownLatch(AT_ONCE);
            List<CompletableFuture<Session>> watches = new ArrayList<>();
            for (int number = 0; number < AT_ONCE; number++) {
                watches.add(sessions.watchFuture(id, session -> {
                    sessions.retrieveFuture(id).join();
                    watching.countDown();
                }));
            }
            if (!watching.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("the watches wait for each other");
            sessions.retrieveFuture(id, new CallOptions(null, Duration.ofSeconds(5))).join();
            watches.forEach(watch -> watch.cancel(true));
            System.out.println("watches ended");
        }
    }
}
