"""The engine is a pure function of its inputs: no clock, thread, random source, unordered order or
input and output inside. See services/router/ARCHITECTURE.md."""

import re

import tree

ENGINE = "services/router/engine/"

# Include -> why it is not there.
FORBIDDEN_INCLUDES = {
    r"<(thread|mutex|shared_mutex|atomic|condition_variable|future|stop_token|semaphore|latch"
    r"|barrier|pthread\.h)>": "the engine is single-threaded",
    r"<random>": "the same commands give the same result",
    r"<(ctime|time\.h|sys/time\.h)>": "time is an argument",
    r"<(iostream|fstream|cstdio|stdio\.h|filesystem|syncstream)>": "the engine does no input or "
                                                                   "output",
    r"[<\"](grpc|grpcpp|google/protobuf|hiredis|prometheus|spdlog|yaml-cpp|nlohmann|benchmark)/":
        "the engine knows no library of the outside",
    r"\"common/(?!status/)": "the engine stands on the standard library and abseil",
    r"\"services/router/(?!engine/)": "dependencies point inward",
    r"\.pb\.h\"": "wire types stop at the door",
}

FORBIDDEN_WORDS = {
    r"(?<!\bEngine)::now\s*\(": "time is an argument",
    r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday)\b":
        "time is an argument",
    r"\b(s?rand|random_device|drand48|mt19937(_64)?)\b": "the same commands give the same result",
    r"\b(thread_local|getenv|printf)\b": "the result depends on the arguments alone",
    r"\b(proto|redis|prometheus|spdlog)::": "the engine knows no library of the outside",
}

# Their iteration order depends on the library and the machine. Ids are looked up in one place.
HASHES = r"\b(unordered_(map|set|multimap|multiset)|(flat|node)_hash_(map|set))\b"
HASHES_ALLOWED_IN = {ENGINE + "id_index.h"}

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def blank(match):
    """Keeps the line breaks, so that line numbers stay right."""
    return "\n" * match.group(0).count("\n")


def check(root):
    findings = []
    for name in tree.tracked(root, ".h", ".cc"):
        if not name.startswith(ENGINE):
            continue
        text = tree.text_of(root, name)
        for number, line in enumerate(text.splitlines(), 1):
            if not line.lstrip().startswith("#include"):
                continue
            for pattern, reason in FORBIDDEN_INCLUDES.items():
                if re.search(pattern, line):
                    findings.append(f"{name}:{number}: {line.strip()}: {reason}")
        code = COMMENT_OR_TEXT.sub(blank, text)
        words = dict(FORBIDDEN_WORDS)
        if name not in HASHES_ALLOWED_IN:
            words[HASHES] = "hash order is no order; ids are looked up in id_index.h"
        for number, line in enumerate(code.splitlines(), 1):
            if line.lstrip().startswith("#include"):
                continue
            for pattern, reason in words.items():
                found = re.search(pattern, line)
                if found:
                    findings.append(f"{name}:{number}: {found.group(0)}: {reason}")
    return findings


if __name__ == "__main__":
    tree.report(check)
