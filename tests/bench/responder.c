/* responder PORT [FILE]: an MCP server that costs next to nothing, for measuring what stands in front of one.
 * Every request on 127.0.0.1:PORT gets the same JSON-RPC result, or FILE's bytes. One thread; bodies by Content-Length or chunked
 * are read and forgotten. Messages are taken as well-formed: they come from the server under test. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 16 * 1024, READ_SIZE = 256 * 1024, FD_MAX = 4096, ANSWER_MAX = 4 * 1024 * 1024 };

typedef enum { IN_HEAD, IN_LENGTH, IN_SIZE_LINE, IN_CHUNK, IN_TRAILER } part;

typedef struct {
    int fd;
    part at;
    char head[HEAD_MAX];        /* the head so far, or the line of a chunk's size, or of a trailer */
    size_t have, left;          /* bytes in head; bytes of the body or chunk still to come */
    size_t owed, sent;          /* answers not sent yet; bytes of the first of them that are */
} peer;

static const char usual[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"The customer record: C-1042.\"}],\"isError\":false}}";
static char answer[ANSWER_MAX], bytes[READ_SIZE];
static size_t answer_len;
static peer *peers[FD_MAX];

static void make_answer(const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    char *body = malloc(ANSWER_MAX);
    size_t len = sizeof usual - 1;

    if (!body || (path && !f)) exit(2);
    if (f) len = fread(body, 1, ANSWER_MAX - 256, f);
    else memcpy(body, usual, len);
    answer_len = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", len);
    memcpy(answer + answer_len, body, len);
    answer_len += len;
    free(body);
    if (f) fclose(f);
}

/* ---- reading ---- */

static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);

    return at ? at + strlen(name) : NULL;
}

static void read_head(peer *c)
{
    const char *length = header(c->head, "\r\ncontent-length:");

    if (strcasestr(c->head, "\r\ntransfer-encoding: chunked")) c->at = IN_SIZE_LINE;
    else if (length && (c->left = strtoul(length, NULL, 10))) c->at = IN_LENGTH;
    else c->owed++;
}

/* A whole head or line stands in c->head. */
static void read_line(peer *c)
{
    if (c->at == IN_HEAD) read_head(c);
    else if (c->at == IN_SIZE_LINE) {
        c->left = strtoul(c->head, NULL, 16) + 2;       /* and the CRLF behind the chunk */
        c->at = c->left > 2 ? IN_CHUNK : IN_TRAILER;
    } else if (!strcmp(c->head, "\r\n")) {
        c->at = IN_HEAD;
        c->owed++;
    }
    c->have = 0;
}

/* How many of the bytes belong to the head or line, which may end among them. */
static size_t take_line(peer *c, const char *data, size_t len)
{
    const char *end = c->at == IN_HEAD ? "\r\n\r\n" : "\r\n", *found;
    size_t before = c->have, take = len < HEAD_MAX - 1 - before ? len : HEAD_MAX - 1 - before;

    memcpy(c->head + before, data, take);
    c->have += take;
    c->head[c->have] = '\0';
    if (!(found = strstr(c->head + (before > 3 ? before - 3 : 0), end))) return take;
    take = (size_t)(found - c->head) + strlen(end) - before;
    c->head[before + take] = '\0';
    read_line(c);
    return take;
}

static size_t take_body(peer *c, size_t len)
{
    size_t take = len < c->left ? len : c->left;

    c->left -= take;
    if (c->left) return take;
    if (c->at == IN_LENGTH) c->owed++;
    c->at = c->at == IN_LENGTH ? IN_HEAD : IN_SIZE_LINE;
    return take;
}

static int read_some(peer *c)
{
    ssize_t got = read(c->fd, bytes, sizeof bytes);
    size_t at = 0, taken;

    if (got <= 0) return got < 0 && errno == EAGAIN;
    while (at < (size_t)got) {
        taken = c->at == IN_LENGTH || c->at == IN_CHUNK ? take_body(c, (size_t)got - at) : take_line(c, bytes + at, (size_t)got - at);
        if (!taken) return 0;       /* a head too long */
        at += taken;
    }
    return 1;
}

/* ---- writing ---- */

static int write_owed(peer *c)
{
    ssize_t n;

    while (c->owed) {
        n = send(c->fd, answer + c->sent, answer_len - c->sent, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN;
        c->sent += (size_t)n;
        if (c->sent < answer_len) continue;
        c->sent = 0;
        c->owed--;
    }
    return 1;
}

/* ---- connections ---- */

static void watch(int poll, peer *c, int how)
{
    struct epoll_event e = { .events = EPOLLIN | (c->owed ? EPOLLOUT : 0), .data.fd = c->fd };

    epoll_ctl(poll, how, c->fd, &e);
}

static void welcome(int poll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;

    if (fd < 0) return;
    if (fd >= FD_MAX || !(peers[fd] = calloc(1, sizeof **peers))) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peers[fd]->fd = fd;
    watch(poll, peers[fd], EPOLL_CTL_ADD);
}

static void serve(int poll, peer *c)
{
    size_t owed = c->owed;

    if (read_some(c) && write_owed(c)) {
        if (!owed != !c->owed) watch(poll, c, EPOLL_CTL_MOD);
        return;
    }
    close(c->fd);
    peers[c->fd] = NULL;
    free(c);
}

static int listen_on(int port)
{
    struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&where, sizeof where) || listen(fd, 512)) return -1;
    return fd;
}

int main(int argc, char **argv)
{
    int poll = epoll_create1(0), listener = argc > 1 ? listen_on(atoi(argv[1])) : -1, i, n;
    struct epoll_event first = { .events = EPOLLIN, .data.fd = listener }, ready[256];

    if (listener < 0) return 2;
    make_answer(argc > 2 ? argv[2] : NULL);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &first);
    for (;;) {
        n = epoll_wait(poll, ready, 256, -1);
        for (i = 0; i < n; i++)
            if (ready[i].data.fd == listener) welcome(poll, listener);
            else serve(poll, peers[ready[i].data.fd]);
    }
}
