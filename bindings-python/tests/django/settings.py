"""Settings of the tests: two databases, so that each behaviour is seen on both."""

import os
import tempfile

SECRET_KEY = "test"
DEBUG = True
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "urls"
DATABASES = {
    # In a file, since threads and processes share it.
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(tempfile.gettempdir(), "unused.db"),
        "TEST": {"NAME": os.path.join(tempfile.mkdtemp(prefix="faststar-"), "test.db")},
        "OPTIONS": {"timeout": 30},
    },
    # conftest.py starts a server and fills HOST in.
    "postgresql": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "faststar",
        "USER": "postgres",
        "TEST": {"DEPENDENCIES": []},
    },
}
DATABASE_ROUTERS = ["routers.TestRouter"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "faststar.django",
    "orders",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# On a slow machine a wait is no fault; the tests about it name another one.
FASTSTAR = {"API_KEY": "sk_test", "WEBHOOK_SECRET": "whsec_test", "LOCK_TIMEOUT": 30}
