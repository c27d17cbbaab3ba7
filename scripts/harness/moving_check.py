# SPDX-License-Identifier: GPL-2.0
"""Are the modules under scripts/fixtures/moving turned into what lies beside them?

Beside each file lies what it becomes, with .moved behind its name, and in each folder the report.
`scripts/from-workqueue --fixtures` writes both anew.
"""
import concurrent.futures
import difflib
import json
import os
import pathlib
import subprocess
import tempfile

from harness import moving, moving_cases, proc
from harness.modules import TREE

FIXTURES = TREE / "scripts/fixtures/moving"
REPORT = "report.moved"
LONG = 60  # seconds
# What checkpatch does not want to see in a file: (before, after) inside one function.
FORMS = [
    ("if (wq == NULL)\n\t\treturn 1;", "if (IS_ERR_OR_NULL(wq))\n\t\treturn 1;"),
    ("if (NULL != wq)\n\t\treturn 1;", "if (!IS_ERR_OR_NULL(wq))\n\t\treturn 1;"),
    ("while (wq && more)\n\t\tf();", "while (!IS_ERR_OR_NULL(wq) && more)\n\t\tf();"),
    ("return more || wq;", "return more || !IS_ERR_OR_NULL(wq);"),
    ("return wq != NULL;", "return !IS_ERR_OR_NULL(wq);"),
    ("if (!(other = alloc_ordered_workqueue(\"a\", 0)))\n\t\tf();",
     "if (IS_ERR(other = wpool_create_fmt((&(struct wpool_attrs) {\n"
     "\t\t\t.queue_depth = WPOOL_QUEUE_UNBOUNDED,\n"
     "\t\t\t.flags = WPOOL_NUMBERED | WPOOL_ORDERED,\n\t\t}), \"a\")))\n\t\tf();"),
    ("if (!(third = READ_ONCE(other)))\n\t\tf();",
     "if (IS_ERR_OR_NULL(third = READ_ONCE(other)))\n\t\tf();"),
    ("if ((third = READ_ONCE(other)))\n\t\tf();",
     "if (!IS_ERR_OR_NULL(third = READ_ONCE(other)))\n\t\tf();"),
    ("f(wq);", "f(wq);"),
    ("(void)queue_work(wq, &b->w);",
     "WARN_ON_ONCE(wpool_try_schedule(wq, &b->w) == -ESHUTDOWN);"),
    ("if (!queue_work(wq, &b->w))\n\t\tf();\n\telse\n\t\tg(0);",
     "if (wpool_try_schedule(wq, &b->w))\n\t\tf();\n\telse\n\t\tg(0);"),
    ("if (queue_delayed_work(wq, &b->d, 5))\n\t\tf();",
     "if (!wpool_schedule_delayed(wq, &b->d, 5))\n\t\tf();"),
    ("if (!queue_delayed_work(wq, &b->d, 0))\n\t\tf();",
     "if (wpool_schedule_delayed(wq, &b->d, 0))\n\t\tf();"),
    ("queue_work(wq, &b->d.work);",
     "WARN_ON_ONCE(wpool_schedule_delayed(wq, &b->d, 0) == -ESHUTDOWN);"),
    ("cancel_work_sync(&b->d.work);", "wpool_cancel_sync(&b->d.task);"),
    ("more = cancel_delayed_work_sync(&b->d) || cancel_work_sync(&b->w);\n\tg(more);",
     "more = wpool_cancel_sync(&b->d.task) || wpool_cancel_sync(&b->w);\n\tg(more);"),
    ("drain_workqueue(other);", "wpool_drain(other);"),
    ("third = wq ?: other;", "third = !IS_ERR_OR_NULL(wq) ? wq : other;"),
]
HEAD = """#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *wq, *other, *third;
struct box {
	struct work_struct w;
	struct delayed_work d;
};

static struct box *b;

#define f(...) pr_debug("f")
#define g(n) pr_debug("%d", n)

static void box_fn(struct work_struct *work)
{
}

static void late_fn(struct work_struct *work)
{
}

static void __maybe_unused set_up(void)
{
	wq = alloc_workqueue("forms", WQ_UNBOUND, 0);
	INIT_WORK(&b->w, box_fn);
	INIT_DELAYED_WORK(&b->d, late_fn);
}

"""
# What --on-cpu wq refuses: what the module has besides this, from that line on, and the reason.
KEPT = """#include <linux/workqueue.h>
static struct workqueue_struct *wq;
static struct work_struct w;
static struct delayed_work d;
struct box { struct workqueue_struct *wq; };
static void g(struct workqueue_struct *q) { }
"""
MADE = "static void __init f(void)\n{\n\twq = alloc_workqueue(\"kept\", 0, 0);\n}\n"
TAKEN = """static int __init f(void)
{
	if (!(wq = alloc_workqueue("kept", 0, 0)))
		return 1;
	return wq == NULL || queue_work((wq), &w);
}
"""
REFUSED = [  # (text, line of it, why)
    ("", -4, "it is made elsewhere, as one queue"),
    (f"{MADE}static void f1(void)\n{{\n\tqueue_delayed_work(wq, &d, 1);\n}}\n", 7,
     "queue_delayed_work(): delayed work, for which a set has no call"),
    (f"{MADE}static void f1(void)\n{{\n\tqueue_work(wq, &d.work);\n}}\n", 7,
     "delayed work, for which a set has no call"),
    (f"{MADE}static void f1(void)\n{{\n\tqueue_work_on(1, wq, &w);\n}}\n", 7,
     "queue_work_on(): work is queued on a certain CPU (--any-cpu: on any)"),
    (f"{MADE}static void f1(struct workqueue_struct *wq)\n{{\n\tflush_workqueue(wq);\n}}\n", 5,
     "it is a parameter"),
    (f"{MADE}static void f1(void)\n{{\n\t/* wq */\n\tg(wq);\n}}\n", 8,
     "it is given to g(), which does not take a set"),
    (f"{MADE}static void f1(struct workqueue_struct *q)\n{{\n\twq = q;\n}}\n", 7,
     "it gets what is not made there"),
    (f"{MADE}static void f1(struct box *b)\n{{\n\tstruct workqueue_struct *q = b->wq;\n}}\n", 7,
     "another variable gets it, too"),
    (MADE.replace("wq =", "other = wq ="), 3, "another variable gets it, too"),
    (MADE.replace("wq =", "if ((wq =").replace(";", ") == NULL)\n\t\treturn;"), 3,
     "what is made for it is used at once"),
    (f"{MADE}static void f1(struct box *b)\n{{\n\tstruct workqueue_struct *wq = q;\n}}\n", 7,
     "it gets what is not made there"),
    (f"{MADE}static struct workqueue_struct *f1(void)\n{{\n\treturn wq;\n}}\n", 7, "it is returned"),
    (f"{MADE}static struct workqueue_struct *other, *wq;\n", 5,
     "it is not declared by itself, as a pointer"),
    (f"{MADE}static struct workqueue_struct *wq = NULL, *other = NULL;\n", 5,
     "it is not declared by itself, as a pointer"),
    (f"{MADE}static void f1(int n, struct workqueue_struct *q)\n{{\n\tflush_workqueue(n ? q : wq);\n}}\n", 7,
     "it is given to wpool_flush(), which does not take a set"),
    (f"{MADE}static void f1(struct workqueue_struct *q)\n{{\n\tqueue_work(wq ?: q, &w);\n}}\n", 7,
     "it is given to wpool_try_schedule(), which does not take a set"),
    (f"{MADE}static void f1(int n)\n{{\n\tworkqueue_set_max_active(wq, n);\n}}\n", 7,
     "workqueue_set_max_active(): wpool_resize() counts for all CPUs together"),
    (f"#define KICK(kind)\tqueue_work(kind##q, &w)\n{MADE}static void f1(void)\n{{\n\tKICK(w);\n}}\n", 8,
     "KICK() makes its name by ##"),
    (MADE.replace("0, 0", "WQ_UNBOUND, 0"), 3, "alloc_workqueue(): with WQ_UNBOUND its works run on any CPU"),
    (MADE.replace("0, 0", "flags, 0"), 3, "alloc_workqueue(): what does flags hold?"),
    (MADE.replace("alloc_workqueue(\"kept\", 0, 0)", "create_singlethread_workqueue(\"kept\")"), 3,
     "create_singlethread_workqueue(): it is ordered, so it has one worker for all CPUs"),
]


def modules():
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def options_of(folder):
    """What from-workqueue is told for this module."""
    told = folder / "options.json"
    return moving.Options(**json.loads(told.read_text()) if told.exists() else {})


def outcome(folder, options=None):
    """What a module becomes: name to text."""
    files = {path.name: path.read_text() for path in folder.glob("*.[ch]")}
    report = moving.move(files, options or options_of(folder))
    made = {f"{each.name}.moved": each.after for each in report.files}
    made[REPORT] = "\n".join(report.lines()) + "\n"
    return made


def write():
    for folder in modules():
        for name, text in outcome(folder).items():
            (folder / name).write_text(text)


def differences(folder, options=None):
    for name, text in sorted(outcome(folder, options).items()):
        path = folder / name
        wanted = path.read_text() if path.exists() else ""
        yield from difflib.unified_diff(wanted.splitlines(), text.splitlines(),
                                        f"{folder.name}/{name}", "what is made", lineterm="", n=1)


def forms():
    """Small forms, all in one file."""
    bodies = (f"static int __maybe_unused f{at}(int more)\n{{\n\t{before}\n\treturn 0;\n}}\n"
              for at, (before, _) in enumerate(FORMS))
    text = HEAD + "\n".join(bodies) + "\nMODULE_DESCRIPTION(\"Forms\");\nMODULE_LICENSE(\"GPL\");\n"
    return moving.move({"forms.c": text}, moving.Options())


def form_faults():
    text = forms().files[0].after
    for at, (before, after) in enumerate(FORMS):
        if f"f{at}(int more)\n{{\n\t{after}\n\treturn 0;\n}}" not in text:
            made = text.partition(f"f{at}(int more)\n")[2].partition("\n}")[0]
            yield f"{before!r} is not turned into {after!r} but {made!r}"


def byte_faults():
    """A file that is not in UTF-8 is shown, and changed, with the bytes that it has."""
    text = f"/* Andr\udce9 */\n{HEAD}static void end(void)\n{{\n\tdestroy_workqueue(wq);\n}}\n"
    with tempfile.TemporaryDirectory(prefix="wpool-moving-") as place:
        file = pathlib.Path(place, "bytes.c")
        moving.write(file, text)
        for words in (["-n"], []):
            done = subprocess.run([TREE / "scripts/from-workqueue", *words, file], check=False,
                                  env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"}, capture_output=True)
            out = done.stdout if words else file.read_bytes()
            if done.returncode or b"wpool_destroy(wq)" not in out or (
                    b"Andr\xe9" not in out and not words) or b"surrogate" in done.stderr:
                yield f"bytes.c, {words}: {done.stderr[-200:]}"


def length_faults():
    """A long table of calls of a macro, each in the first column, takes no longer than other lines."""
    lines = "".join(f"ENTRY(name_{at}, {at}, \"s\")\n" for at in range(2000))
    with tempfile.TemporaryDirectory(prefix="wpool-moving-") as place:
        file = pathlib.Path(place, "long.c")
        moving.write(file, f"#include <linux/workqueue.h>\nstatic int f(void)\n{{\n}}\n{lines}")
        try:
            subprocess.run([TREE / "scripts/from-workqueue", "-n", file], check=True, timeout=LONG,
                           capture_output=True)
        except subprocess.SubprocessError as error:
            yield f"2,000 lines of a table: {error}"


def case_faults():
    """What the report has behind the number of calls, but for the notes that all queues of a CPU get."""
    for options, text, wanted, parts in moving_cases.CASES:
        report = moving.move({"case.c": text}, moving.Options(**options))
        said = [line.split(": ", 1)[1] for line in report.lines() if line.startswith("  ")]
        said = [line for line in said if not line.startswith("a work ran on the CPU")]
        after = report.files[0].after
        if said != wanted or not all(part in after for part in parts):
            yield f"{options}, {text[len(moving_cases.HEAD):]!r}: {said}, {after!r}"


def again_faults():
    """A second run, with a pool for what the first has left, includes no header twice."""
    text = (FIXTURES / "system/system.c.moved").read_text()
    made = moving.move({"system.c": text}, moving.Options(system_pool="own")).files[0].after
    if made == text or made.count("#include <linux/wpool.h>\n") != 1:
        yield f"system.c, moved twice: {made.count('wpool.h')} times wpool.h"


def _refusal(text, **options):
    try:
        moving.move({"kept.c": text}, moving.Options(**options))
    except proc.Failed as error:
        return str(error)
    return "nothing"


def refusal_faults():
    """A queue that cannot be a set is refused, with its place and the reason, and nothing is changed."""
    wanted = [(KEPT + text, {}, f"kept.c:{KEPT.count(chr(10)) + line}: --on-cpu wq: {why}")
              for text, line, why in REFUSED]
    wanted.append((KEPT + MADE, {"on_cpu": ("wp",)}, "--on-cpu wp: no queue has this name"))
    wanted.append((KEPT + MADE, {"blocking": True}, "kept.c:9: --on-cpu wq: alloc_workqueue(): a task stays "
                   "with its CPU by a call that does not sleep for room, as --blocking wants"))
    for text, options, message in wanted:
        said = _refusal(text, **{"on_cpu": ("wq",), **options})
        if said != message:
            yield f"not {message!r} but {said!r}"
    with tempfile.TemporaryDirectory(prefix="wpool-moving-") as place:
        file = pathlib.Path(place, "kept.c")
        for text, failed in ((KEPT + TAKEN, False), (f"{KEPT}{MADE}static int a = sizeof(*wq);\n", True)):
            moving.write(file, text)
            done = subprocess.run([TREE / "scripts/from-workqueue", "-k", "wq", file], check=False,
                                  capture_output=True, text=True)
            if (done.returncode != 0, moving.read(file) == text) != (failed, failed):
                yield f"{text!r}: {done.stdout[-200:]}{done.stderr[-200:]}"


def faults():
    with concurrent.futures.ThreadPoolExecutor(proc.cpus()) as pool:
        for found in pool.map(lambda folder: list(differences(folder)), modules()):
            yield from found
    yield from form_faults()
    yield from byte_faults()
    yield from length_faults()
    yield from again_faults()
    yield from case_faults()
    yield from refusal_faults()


def unseen():
    """A module that is turned into something else must be noticed."""
    if not list(differences(FIXTURES / "awaited", moving.Options(blocking=True))):
        yield "awaited: pools with a bound, and nobody notices"
    if not list(differences(FIXTURES / "cpus", moving.Options(on_cpu=("crypt_wq", "sum_wq")))):
        yield "cpus: a queue that does not become a set, and nobody notices"
