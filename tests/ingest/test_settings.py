"""site.toml and steps.toml: what is wrong is named with file, key, what was got and what is meant."""

from __future__ import annotations

import pytest

from ingest.errors import ConfigError, UsageError
from ingest.settings import load_settings
from ingest.site import Site
from ingest.touch import Matcher, StepDictionary, compile_pattern, load_steps

SITE = '[site]\nname = "x"\n'
SOURCE = '[[source]]\nname = "web"\nadapter = "nginx_combined"\n'
STEP = '[[step]]\nstep = "a"\nlabel = "A"\nstage = "help"\nchannel = "web"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SITE.replace("name", "nam") + SOURCE, ["site.nam", "unknown key", "did you mean 'name'"]),
        (SITE + 'timezon = "UTC"\n' + SOURCE, ["site.timezon", "did you mean 'timezone'"]),
        (SITE + SOURCE + 'adaptor = "x"\n', ["source.0.adaptor", "did you mean 'adapter'"]),
        (
            SITE + SOURCE + "[source.tables.orders]\nfils = '*'\n",
            ["source.0.tables.orders.fils", "did you mean 'files'"],
        ),
        (SITE + SOURCE + "[cost]\nagent_hour = 1\n", ["cost", "did you mean 'costs'"]),
        (SITE + SOURCE + "[costs]\nzzz = 1\n", ["costs.zzz", "agent_hour"]),
        (SITE + SOURCE + "[costs]\nagent_hour = -1\n", ["costs.agent_hour", "greater than 0"]),
        (SITE + 'timezone = "Europe/Berlino"\n' + SOURCE, ["site.timezone", "Europe/Berlino", "time zone"]),
        (SITE + 'timezone = "../../etc/passwd"\n' + SOURCE, ["site.timezone", "time zone"]),
        (SITE + SOURCE + 'timezone = "Mars"\n', ["source.0.timezone", "Mars"]),
        (SITE + 'country = "Germany"\n' + SOURCE, ["site.country"]),
        (SITE + 'as_of = "tomorrow"\n' + SOURCE, ["site.as_of"]),
        (SITE + SOURCE + SOURCE, ["source", "'web'", "twice"]),
        (SITE + SOURCE.replace('"web"', '"../web"'), ["source.0.name"]),
        (SITE + SOURCE + 'encoding = "utf-99"\n', ["source.0.encoding", "utf-99"]),
        (SITE + SOURCE + "earliest = 0026-01-01\n", ["source.0.earliest", "1900-01-01"]),
        (SITE + SOURCE + "earliest = 2026-01-02\nlatest = 2026-01-01\n", ["source.0", "earliest", "latest", "order"]),
        (SITE + SOURCE + "clock_offset_s = 90000\n", ["source.0.clock_offset_s", "86400"]),
        (
            SITE + SOURCE + "clock_offset_from = 2026-01-02\nclock_offset_until = 2026-01-01\n",
            ["source.0", "clock_offset_from", "clock_offset_until"],
        ),
        (
            SITE + SOURCE + "[source.tables.orders]\nfiles = '*'\ntime_formats = ['epoch']\n",
            ["source.0.tables.orders.time_formats", "'epoch'", "epoch_s or epoch_ms"],
        ),
        (SITE, ["source", "required"]),
        ("", ["site", "source"]),
        ("[site\n", ["not TOML", "line 1"]),
    ],
)
def test_a_wrong_site_toml_is_explained(tmp_path, text, words):
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert caught.value.exit_code == 78
    assert str(path) in message and "\n" not in message
    for word in words:
        assert word in message


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE + "one = 1\ntwo = 2\n" + SOURCE)
    with pytest.raises(ConfigError, match=r"one.*two"):
        load_settings(path)


def test_unreadable_files_are_told_without_their_content(tmp_path):
    path = tmp_path / "site.toml"
    path.write_bytes(b"[site]\nname = '\xff secret'\n")
    with pytest.raises(ConfigError, match="expected a UTF-8 text file") as caught:
        load_settings(path)
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match="can't be read"):
        load_settings(tmp_path / "folder.toml")


def test_no_site(tmp_path):
    with pytest.raises(UsageError, match="no such site"):
        Site(tmp_path / "none")
    with pytest.raises(UsageError, match=r"no site\.toml"):
        Site(tmp_path)


def test_an_encoding_is_one_encoding_however_it_is_spelt(new_lab, web_line):
    """`UTF-8` must not be read more strictly than `utf-8`: one bad byte spoils one line."""
    lab = new_lab({"web": {"adapter": "nginx_combined", "encoding": "UTF-8"}})
    lab.put("web", "a.log", web_line(1, "/x").encode() + b"\xff\n" + web_line(2, "/y").encode())
    lab.load()
    assert [row["status"] for row in lab.ledger()] == ["loaded"]
    assert len(lab.raw_events()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STEP.replace("label", "lable"), ["step.0.lable", "did you mean 'label'"]),
        (STEP + 'clas = "work"\n', ["step.0.clas", "did you mean 'class'"]),
        (STEP + 'class = "working"\n', ["step.0.class", "browse"]),
        (STEP.replace('"help"', '"helping"'), ["step.0.stage", "research"]),
        (STEP + 'department = "Nobody"\n', ["'Nobody'", "not declared"]),
        (STEP + STEP, ["'a'", "twice"]),
        (STEP + "repeats = -1\n", ["repeats"]),
        (STEP.replace('"a"', '"A b"'), ["step.0.step"]),
        (STEP + 'codes.web = "GET /"\n', ["codes.web"]),
        ("", ["step"]),
    ],
)
def test_a_wrong_step_dictionary_is_explained(tmp_path, text, words):
    path = tmp_path / "steps.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_steps(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_codes_of_a_source_that_the_site_has_not_are_an_error(new_lab, web_line):
    """`codes.webb` would leave all of web undeclared without a word."""
    lab = new_lab(
        {"web": "nginx_combined"},
        [
            {
                "step": "a",
                "label": "A",
                "stage": "help",
                "channel": "web",
                "codes": {"webb": ["GET *"], "web": ["POST *"]},
            }
        ],
    )
    lab.put("web", "a.log", web_line(1))
    lab.load()
    with pytest.raises(ConfigError, match=r"webb.*web"):
        lab.derive()


def test_an_unknown_adapter_is_an_error_before_any_file_is_read(new_lab):
    lab = new_lab({"web": {"adapter": "nginx_combind"}})
    with pytest.raises(ConfigError, match=r"nginx_combind.*nginx_combined"):
        lab.load()


@pytest.mark.parametrize(
    ("pattern", "code", "named"),
    [
        ("GET /", "GET /", {}),
        ("GET /", "GET /x", None),
        ("GET /", "get /", None),
        ("GET /p/{product}", "GET /p/4135", {"product": "4135"}),
        ("GET /p/{product}", "GET /p/4135/lamp", None),
        ("GET /p/{product}/*", "GET /p/4135/lamp/red", {"product": "4135"}),
        ("GET /p/{product}*", "GET /p/", None),
        ("GET *", "GET /a/b c", {}),
        ("* -> 4xx", "POST /x -> 4xx", {}),
        ("* -> 4xx", "POST /x -> 4xx ", None),
        ("{order} {call} {product}", "1 2 3", {"order": "1", "call": "2", "product": "3"}),
        ("{product}/{product}", "1/2", {"product": "1"}),
        ("GET /a.b+(c)[d]?", "GET /a.b+(c)[d]?", {}),
        ("GET /a.b", "GET /aXb", None),
        ("*", "", {}),
        ("*x*", "a\nx\nb", {}),
        ("", "", {}),
    ],
)
def test_patterns(pattern, code, named):
    found = compile_pattern(pattern).fullmatch(code)
    assert (found and {k: v for k, v in found.groupdict().items() if v}) == named


def test_a_placeholder_that_there_is_not_is_an_error(tmp_path):
    path = tmp_path / "steps.toml"
    path.write_text(STEP + 'codes.web = ["GET /p/{prodct}"]\n')
    with pytest.raises(ConfigError, match="prodct"):
        load_steps(path)


def test_the_first_pattern_in_the_file_wins_and_sources_are_apart():
    steps = StepDictionary.model_validate(
        {
            "step": [
                {
                    "step": "b",
                    "label": "B",
                    "stage": "help",
                    "channel": "web",
                    "codes": {"web": ["GET /b*"], "app": ["GET /a"]},
                },
                {"step": "a", "label": "A", "stage": "help", "channel": "web", "codes": {"web": ["GET /*"]}},
            ]
        }
    )
    matcher = Matcher(steps)
    found = [
        match.step
        for match in matcher.match_all(
            [("web", "GET /b1"), ("web", "GET /a"), ("app", "GET /a"), ("app", "GET /b"), ("mail", "GET /a")]
        )
    ]
    assert found == ["b", "a", "b", None, None]


def test_a_hostile_code_costs_no_exponential_time():
    pattern = compile_pattern("GET /*/{product}/*/{order}/*x")
    assert pattern.fullmatch("GET /" + "a/" * 240 + "b") is None
