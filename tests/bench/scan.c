/* The message scanner beside jansson, which builds a tree, and beside further parsers, one shared object each (simdjson.cc).
 * Rounds alternate between all of them; printed are medians: MB/s of CPU time, and by how much the scanner was faster in a
 * round. Among what is timed of the scanner is the context of a request and the clearing of its pool.
 *
 *   scan [SECONDS-PER-MEASUREMENT [PARSER.so...]] */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/envelope.h"
#include "mcp/json.h"

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read_customer_record\",\"arguments\":"
#define TAIL "}}"

enum { ROUNDS = 11, READERS_MAX = 8, PIECE = 8000, PADDING = 64, KB = 1024, MB = 1024 * KB };

/* Reads the body as often as asked, or stops the program. */
typedef void reader_fn(const char *body, size_t len, long times);

typedef struct {
    const char *name;
    reader_fn *read;
} reader;

static apr_pool_t *root, *pool;
static double seconds = 0.05;

/* ---- who reads ---- */

static void refuse(const char *who)
{
    fprintf(stderr, "%s refused a body\n", who);
    exit(1);
}

static void scan_in_pieces(const char *body, size_t len, long times, size_t piece)
{
    static const mcp_envelope_rules rules = { 4 * MB, 64 };
    mcp_envelope *e;
    mcp_message m;
    size_t at;

    for (; times; times--) {
        e = mcp_envelope_begin(mcp_ctx_create(pool), &rules);
        for (at = 0; at < len; at += piece) mcp_envelope_feed(e, body + at, len - at < piece ? len - at : piece);
        if (mcp_envelope_end(e, &m)) refuse("the scanner");
        apr_pool_clear(pool);
    }
}

static void scan_whole(const char *body, size_t len, long times)
{
    scan_in_pieces(body, len, times, len);
}

/* As httpd reads a body from the network. */
static void scan_buckets(const char *body, size_t len, long times)
{
    scan_in_pieces(body, len, times, PIECE);
}

static void read_jansson(const char *body, size_t len, long times)
{
    json_t *doc;

    for (; times; times--) {
        if (!(doc = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL))) refuse("jansson");
        json_decref(doc);
    }
}

static int load_reader(const char *path, reader *out)
{
    void *object = dlopen(path, RTLD_NOW);
    const char *const *name;

    if (!object || !(name = dlsym(object, "reader_name"))) return 0;
    out->name = *name;
    *(void **)&out->read = dlsym(object, "reader_read");
    return out->read != NULL;
}

/* ---- what is read ---- */

/* A call whose arguments are open + row,row,... + close, of about size bytes; a %d in row is a running number. */
static const char *call(const char *open, const char *row, const char *close, size_t size)
{
    char *body = apr_pcalloc(root, size + 2 * KB + PADDING), *at = body + sprintf(body, HEAD "%s", open);
    const char *mark = strstr(row, "%d");
    int n;

    for (n = 0; n == 0 || (size_t)(at - body) < size; n++) {
        if (n) *at++ = ',';
        at += mark ? sprintf(at, "%.*s%d%s", (int)(mark - row), row, n, mark + 2) : sprintf(at, "%s", row);
    }
    strcpy(at, apr_pstrcat(root, close, TAIL, NULL));
    return body;
}

/* A call with one string: text again and again. */
static const char *string(const char *text, size_t size)
{
    char *body = apr_pcalloc(root, size + 2 * KB + PADDING), *at = body + sprintf(body, HEAD "{\"text\":\"");

    while ((size_t)(at - body) < size) at += sprintf(at, "%s", text);
    strcpy(at, "\"}" TAIL);
    return body;
}

/* ---- the table ---- */

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double speed(const reader *r, const char *body, size_t len, long times)
{
    double from = cpu();

    r->read(body, len, times);
    return (double)times * (double)len / (cpu() - from) / 1e6;
}

/* How often a reader must read to be busy for one measurement. */
static long times_for(const reader *r, const char *body, size_t len)
{
    long times = 1;
    double took;

    for (;; times *= 2) {
        took = (double)times * (double)len / speed(r, body, len, times) / 1e6;
        if (took > seconds / 4) return (long)((double)times * seconds / took) + 1;
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double values[ROUNDS])
{
    double sorted[ROUNDS];

    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof *sorted, ascending);
    return sorted[ROUNDS / 2];
}

/* readers[0] is the one that the others, from the second on, are compared with. */
static void print_row(const char *name, const char *body, const reader *readers, int n)
{
    double got[READERS_MAX][ROUNDS], ratio[ROUNDS];
    size_t len = strlen(body);
    long times[READERS_MAX];
    int i, k;

    for (i = 0; i < n; i++) times[i] = times_for(&readers[i], body, len);
    for (k = 0; k < ROUNDS; k++)
        for (i = 0; i < n; i++) got[i][k] = speed(&readers[i], body, len, times[i]);
    printf("%-16s %8lu", name, (unsigned long)len);
    for (i = 0; i < n; i++) {
        printf("  %10.0f", median(got[i]));
        for (k = 0; k < ROUNDS; k++) ratio[k] = got[0][k] / got[i][k];
        if (i > 1) printf(" %7.2fx", median(ratio));
    }
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv)
{
    reader readers[READERS_MAX] = { { "scanner", scan_whole }, { "8 KB pieces", scan_buckets }, { "jansson", read_jansson } };
    static const char dense[] = "{\"id\":1042,\"name\":\"Ada\",\"tags\":[\"a\",\"b\",true,null],\"at\":{\"x\":-1.5e3,\"y\":20.25}}";
    static const char code[] = "    if (!strcmp(name, \\\"id\\\")) return 1;\\n";
    static const char words[] = "\xe9\xa1\xbe\xe5\xae\xa2\xe8\xae\xb0\xe5\xbd\x95\xef\xbc\x8c";
    int i, n = 3;

    if (argc > 1) seconds = atof(argv[1]);
    for (i = 2; i < argc && n < READERS_MAX; i++) n += load_reader(argv[i], &readers[n]);
    apr_initialize();
    apr_pool_create(&root, NULL);
    apr_pool_create(&pool, root);
    printf("%-16s %8s", "MB/s", "bytes");
    for (i = 0; i < n; i++) printf(i > 1 ? "  %10s   ratio" : "  %10s", readers[i].name);
    putchar('\n');
    print_row("small call", call("{\"id\":\"C-1042\",\"fields\":[", "\"name\",\"city\"", "],\"limit\":10}", 0), readers, n);
    print_row("10 KB dense", call("{\"rows\":[", dense, "]}", 10 * KB), readers, n);
    print_row("1 MB dense", call("{\"rows\":[", dense, "]}", MB), readers, n);
    print_row("10 KB members", call("{", "\"member_%d\":1", "}", 10 * KB), readers, n);
    print_row("1 MB members", call("{", "\"member_%d\":1", "}", MB), readers, n);
    print_row("1 MB numbers", call("{\"rows\":[", "%d,-12.5,3e8,0", "]}", MB), readers, n);
    print_row("1 MB strings", call("{\"rows\":[", "\"Ada\",\"Lovelace\",\"n%d\"", "]}", MB), readers, n);
    print_row("64 KB code", string(code, 64 * KB), readers, n);
    print_row("64 KB Chinese", string(words, 64 * KB), readers, n);
    print_row("1 MB one string", string("x", MB), readers, n);
    return 0;
}
