// simdjson's DOM reader for scan.c: a full parse with UTF-8 checked, repeated names allowed. The bodies are padded as it wants them.
#include <cstdio>
#include <cstdlib>
#include <simdjson.h>

extern "C" {
extern const char *const reader_name;
const char *const reader_name = "simdjson";

void reader_read(const char *body, size_t len, long times)
{
    static simdjson::dom::parser parser;

    for (; times; times--)
        if (parser.parse(body, len, false).error()) {
            std::fputs("simdjson refused a body\n", stderr);
            std::exit(1);
        }
}
}
