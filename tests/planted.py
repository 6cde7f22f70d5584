"""Things that must not be published, made up here and put together at run time, so that no file of ours holds one; and what only looks like them."""

import base64
import json
import random
import string

ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(length: int, alphabet: str = ALPHANUMERIC, seed: str = "") -> str:
    """Random text that always holds a digit and a letter of each case where the alphabet has them."""
    chance = random.Random(f"planted:{seed}:{length}:{alphabet}")
    while True:
        text = "".join(chance.choice(alphabet) for _ in range(length))
        if all(set(kind).isdisjoint(alphabet) or not set(kind).isdisjoint(text) for kind in (string.digits, "abcdef", "ABCDEF")):  # fmt: skip
            return text


def token(seed: str) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": seed, "iat": 1726000000}]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, drawn(43, ALPHANUMERIC + "-_", seed)])


def key_block(seed: str, kind: str = "RSA ") -> str:
    lines = [drawn(64, ALPHANUMERIC + "+/", f"{seed}{number}") for number in range(4)]
    return "\n".join([f"-----BEGIN {kind}PRIVATE " + "KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"])


def secrets(seed: str = "") -> dict[str, str]:
    """One of each kind, as it stands in code, configuration or a log."""
    d = lambda length, alphabet=ALPHANUMERIC: drawn(length, alphabet, seed)  # noqa: E731
    upper = string.ascii_uppercase + "234567"
    return {
        "AWS key": "aws_access_key_id = AK" + "IA" + d(16, upper),
        "AWS temporary key": "key='AS" + "IA" + d(16, upper) + "'",
        "AWS secret": f'AWS_SECRET_ACCESS_KEY = "{d(40)}"',
        "AWS secret in an environment file": f"AWS_SECRET_ACCESS_KEY={d(40)}\n",
        "GitHub": "token gh" + "p_" + d(36),
        "GitHub fine-grained": "github" + "_pat_" + d(22) + "_" + d(59),
        "GitLab": "gl" + "pat-" + d(20),
        "Slack": "xo" + "xb-" + "17653672481-" + "19874698323-" + d(24),
        "Slack webhook": "https://hooks.slack" + ".com/services/T" + d(8, upper) + "/B" + d(8, upper) + "/" + d(24),
        "OpenAI": "OPENAI = 's" + "k-" + d(48) + "'",
        "OpenAI project": "s" + "k-proj-" + d(40) + "_" + d(20),
        "Anthropic": "s" + "k-ant-api03-" + d(60) + "-" + d(30),
        "Hugging Face": "h" + "f_" + d(34, string.ascii_letters),
        "Google": "AI" + "za" + d(35),
        "Google OAuth": "GOC" + "SPX-" + d(28),
        "Stripe": "sk" + "_live_" + d(24),
        "SendGrid": "S" + "G." + d(22) + "." + d(43),
        "Twilio": "S" + "K" + d(32, HEX),
        "Mailgun": "ke" + "y-" + d(32, HEX),
        "npm": "np" + "m_" + d(36),
        "package index": "pypi-" + "AgEIcHlwaS5vcmc" + d(60),
        "Telegram": "11" + "02334455:AA" + d(33),
        "DigitalOcean": "do" + "p_v1_" + d(64, HEX),
        "Shopify": "shp" + "at_" + d(32, HEX),
        "Databricks": "da" + "pi" + d(32, HEX),
        "Vault": "hv" + "s." + d(24),
        "Azure storage": "DefaultEndpointsProtocol=https;AccountName=shop;Account" + "Key=" + d(86) + "==",
        "age": "AGE-SECRET" + "-KEY-1" + d(58, string.ascii_uppercase + string.digits),
        "private key": key_block(seed),
        "OpenSSH key": key_block(seed, "OPENSSH "),
        "private key in a diff": key_block(seed, "EC ").replace("\n", "\n+"),
        "private key in a string": repr(key_block(seed)),
        "JWT": token(seed),
        "database": f"postgres://shop:{d(14)}@db.shop-internal.io:5432/orders",
        "broker": f"amqp://worker:{d(9)}@10.0.3.7/queue",
        "redis without a user": f"redis://:{d(18)}@cache.shop-internal.io:6379/0",
        "basic": "Authorization: Basic " + base64.b64encode(f"jane:{d(12)}".encode()).decode(),
        "bearer": f"Authorization: Bearer {d(40)}",
        "assigned": f'db_password = "{d(24)}"',
        "assigned in JSON": json.dumps({"client_secret": d(32)}),
        "assigned in YAML": f"api_key: '{d(32, HEX)}'",
    }  # fmt: skip


PERSONAL = {
    "e-mail": "Ann Lee <ann.lee@mail-host.io>",
    "e-mail with a plus": "ann+shop@sub.mail-host.co.uk",
    "e-mail behind a line end": "by\nann.lee@mail-host.io",
    "phone, international": "call +49 30 901820 today",
    "phone, with parentheses": "+1 (415) 867-5301",
    "phone, British": "+44 20 8743 8000",
    "phone, national": "(415) 867-5301",
    "phone, named": "Tel: 415-867-5301",
    "phone, in a link": "<a href='tel:+4930901820'>",
    "ip in a URL": "http://93.184.215.14/index",
    "ip with a port": "93.184.215.14:8080",
    "ip in a log": '185.199.108.153 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 200',
    "ip that is named": "remote_addr = '20.4.7.9'",
    "ipv6": "2a00:1450:4001:81b::200e",
    "home": "/home/jsmith/shop/a.py",
    "home on macOS": 'File "/Users/jsmith/dev/shop.py", line 3',
    "home on Windows": r"C:\Users\jsmith\shop",
    "home on Windows, escaped": "C:\\\\Users\\\\jsmith\\\\shop",
    "home in a URL": "file:///home/jsmith/shop",
    "home under WSL": "/mnt/c/Users/jsmith/shop",
}
NEAR_MISSES = {
    "git hash": "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "git hash behind token": 'token = "3b18e512-dba7-9e4c-8300-dd08aeb37f8e"',
    "UUID": "secret_id: '123e4567-e89b-42d3-a456-426614174000'",
    "lock hash": "click==8.1.7 --hash=sha256:ae74fb96c20a0277a1d615f1e4d73c8414f5a98db8b799a7931d1582f3390c28",
    "integrity": '"integrity": "sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA=="',
    "documented AWS key": "AKIA" + "IOSFODNN7EXAMPLE",
    "placeholder key": "gh" + "p_" + "x" * 36,
    "placeholder OpenAI key": 's' + 'k-' + 'your-api-key-goes-here-please-000000',
    "CSS class": "s" + "k-estimator-doc-link-label-arrow-dashed",
    "jwt.io": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.Sf" + "lKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "key head in code": 'if line.startswith("-----BEGIN RSA PRIVATE KEY-----"): return load_private_key(line)',
    "public key": "-----BEGIN PUBLIC KEY-----\n" + drawn(64),
    "certificate": "-----BEGIN CERTIFICATE-----\n" + drawn(64),
    "password placeholder": "postgres://user:password@db.example.com/app",
    "password like the user": "amqp://guest:guest@rabbit:5672//",
    "password in a test": 'httpx.get("https://user:pass@site.org/")',
    "SQLAlchemy's example": "postgresql://scott:tiger@localhost/test",
    "password in a variable": 'f"postgres://{user}:{password}@{host}/db"',
    "environment": 'SECRET_KEY = os.environ["SHOP_SECRET_KEY_2024"]',
    "name of a secret": 'secret_name = "projects/shop/secrets/db-main/versions/3"',
    "tokenizer": 'tokenizer = "Qwen/Qwen2.5-Coder-7B-Instruct-4bit"',
    "author": 'author = "someVeryLongNickname2Without3Spaces4"',
    "tokens counted": "max_tokens: 4096, tokens = 'abcdefghijklmnopqrstuvw'",
    "basic realm": "WWW-Authenticate: Basic realm=shop",
    "basic of RFC 7617": "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    "basic English": "a Basic understanding of Python",
    "bearer of nothing": "Authorization: Bearer <token>, Bearer YOUR_ACCESS_TOKEN_HERE_12",
    "decorator": '@app.route("/users/<int:id>")\n+@pytest.fixture\n@click.option',
    "reserved e-mail": "user@example.com, me@shop.example, root@localhost, a@b.test",
    "remote": "git clone git@github.com:owner/name.git",
    "remote over ssh": "ssh://git@gitlab.com/owner/name",
    "matrix product": "x @ y, (a@b.sum(axis=0)), w@x.shape, v@m.T",
    "picture": "icon@2x.png",
    "action": "uses: actions/checkout@v4.1.1",
    "npm version": "react@18.2.0",
    "address in a URL": "https://medium.com/@ann/story",
    "documentation's addresses": "192.0.2.7 198.51.100.3 203.0.113.9 2001:db8::1",
    "private addresses": "10.1.2.3 192.168.0.1:80 172.16.5.4 127.0.0.1:8000 169.254.1.1 0.0.0.0 255.255.255.0",
    "resolvers": "8.8.8.8 and 1.1.1.1",
    "made-up address": "host 1.2.3.4 and 11.22.33.44",
    "version of four": "version 1.2.3.4, v4.6.1.0, foo==2.31.0.6, >= 10.0.19041.1, pkg-1.20.3.4.tar.gz",
    "browser": "Mozilla/5.0 Chrome/91.0.104.51 Safari/537.36",
    "object identifier": "1.2.840.113549.1.1.11",
    "section": "see section 3.14.15.92",
    "slices": "x[1::2], a[2::3], std::vector, 2001::",
    "times": "2024:10:11 12:34:56, 00:11:22:33:44:55",
    "555 numbers": "+1 (415) 555-2671, (212) 555-0100, +1-202-555-0143",
    "invented number": "+1 234 567 8901 and +49 123 4567890",
    "time zone": "2024-10-11T12:00:00+02:00, +0200, UTC+1",
    "diff numbers": "@@ -10,7 +12,9 @@\n+1000000 rows\n+35 200.5",
    "date with a sign": "np.datetime64('+1980-02-29 01:02:03')",
    "decimal": "+35236450.6",
    "sum": "total = a +1 200 300",
    "dates": "2024-10-11 to 2025-01-02",
    "route": "/users/page/2, /home/, /Users/",
    "anybody's home": "/home/user/shop, /Users/you/x, /home/runner/work, ~/shop, /home/vscode/.cache, C:\\Users\\username\\x",
    "folder of a project": "src/home/jane.py",
    "URL": "https://shop.io/Users/ann",
    "hash behind a slash": "/objects/3b/18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "type annotations": "def token(self, secret: str, key: dict[str, str]) -> Callable[[str], str]: ...",
    "number of an issue": "#12345678901, 0x7f3a9c01d2b0, 4159265358979",
}  # fmt: skip
