"""Sends everything to the database that a test is about."""


class TestRouter:
    __test__ = False
    database = "default"
    #: Where the inbox is, where it is not with the rest.
    inbox = None

    def db_for_read(self, model, **hints):
        is_ours = model._meta.app_label == "faststar"
        return (self.inbox if is_ours else None) or self.database

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True
