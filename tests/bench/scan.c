/* The envelope scanner beside jansson on four bodies: one small call, 10 KB and 1 MB of dense arguments, 1 MB in one
 * string. Prints MB/s of CPU time for each and the ratio. scan [SECONDS-PER-CELL] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/envelope.h"
#include "mcp/json.h"

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read_customer_record\",\"arguments\":"
#define TAIL "}}"

static double seconds = 0.5;

static double cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static const char *dense(apr_pool_t *p, size_t size)
{
    static const char row[] = "{\"id\":1042,\"name\":\"Ada\",\"tags\":[\"a\",\"b\",true,null],\"at\":{\"x\":-1.5e3,\"y\":20.25}}";
    char *body = apr_palloc(p, size + 256), *o = body;
    int first = 1;

    o += sprintf(o, HEAD "{\"rows\":[");
    for (; (size_t)(o - body) < size; first = 0) o += sprintf(o, "%s%s", first ? "" : ",", row);
    strcpy(o, "]}" TAIL);
    return body;
}

static const char *blob(apr_pool_t *p, size_t size)
{
    char *body = apr_palloc(p, size + 256), *o = body;

    o += sprintf(o, HEAD "{\"text\":\"");
    memset(o, 'x', size);
    strcpy(o + size, "\"}" TAIL);
    return body;
}

static double ours(apr_pool_t *root, const char *body, size_t len)
{
    static const mcp_envelope_rules rules = { 4 * 1024 * 1024, 64 };
    double from = cpu();
    apr_pool_t *p;
    mcp_message m;
    long n;

    apr_pool_create(&p, root);
    for (n = 0; n % 64 || cpu() - from < seconds; n++) {
        if (mcp_envelope_scan(mcp_ctx_create(p), &rules, body, len, &m)) exit(1);
        apr_pool_clear(p);
    }
    return (double)n * (double)len / (cpu() - from) / 1e6;
}

static double janssons(const char *body, size_t len)
{
    double from = cpu();
    json_t *doc;
    long n;

    for (n = 0; n % 64 || cpu() - from < seconds; n++) {
        if (!(doc = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL))) exit(1);
        json_decref(doc);
    }
    return (double)n * (double)len / (cpu() - from) / 1e6;
}

int main(int argc, char **argv)
{
    apr_pool_t *root;
    int i;

    if (argc > 1) seconds = atof(argv[1]);
    apr_initialize();
    apr_pool_create(&root, NULL);
    {
        const struct { const char *name, *body; } cells[] = {
            { "small call", HEAD "{\"id\":\"C-1042\",\"fields\":[\"name\",\"city\"],\"limit\":10}" TAIL },
            { "10 KB dense", dense(root, 10 * 1024) }, { "1 MB dense", dense(root, 1024 * 1024) }, { "1 MB string", blob(root, 1024 * 1024) },
        };
        for (i = 0; i < 4; i++) {
            size_t len = strlen(cells[i].body);
            double a = ours(root, cells[i].body, len), b = janssons(cells[i].body, len);
            printf("%-12s %8lu B  scanner %7.0f MB/s  jansson %5.0f MB/s  %5.1f x\n", cells[i].name, (unsigned long)len, a, b, a / b);
        }
    }
    return 0;
}
