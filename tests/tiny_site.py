"""The smallest site: a web log and a call log, a step for each. Texts, since some tests break them."""

KEY = "5e" * 32
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
WEB_SITE = """
[site]
name = "Tiny"
timezone = "Europe/Berlin"
country = "DE"
[[source]]
name = "web"
adapter = "nginx_combined"
extra = ["cookie"]
"""
WEB_STEPS = """
[[step]]
step = "page"
label = "Page"
stage = "research"
channel = "web"
codes.web = ["GET *"]
"""
SITE = f"""{WEB_SITE}[[source]]
name = "calls"
adapter = "asterisk_queue_log"
"""
STEPS = f"""{WEB_STEPS}[[step]]
step = "call"
label = "Call"
stage = "help"
channel = "agent"
codes.calls = ["*"]
"""
