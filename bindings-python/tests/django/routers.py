"""Sends everything to the database that a test is about."""


class TestRouter:
    __test__ = False
    database = "default"

    def db_for_read(self, model, **hints):
        return self.database

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True
