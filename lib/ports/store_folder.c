/* The folder of the embedded store and of the keys that are made here. It is judged as httpd's user sees it, made when
 * httpd starts, and given away only if it was made here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "mcp/store.h"

enum { PARENT_MODE = 0755, OWN_MODE = 0700 };

/* The folders that lead to dir: "/" first, dir itself last. */
static const apr_array_header_t *steps(apr_pool_t *p, const char *dir)
{
    apr_array_header_t *list = apr_array_make(p, 8, sizeof(const char *));
    const char *at;

    APR_ARRAY_PUSH(list, const char *) = "/";
    for (at = dir + strspn(dir, "/"); *at; at += strspn(at, "/")) {
        at += strcspn(at, "/");
        APR_ARRAY_PUSH(list, const char *) = apr_pstrmemdup(p, dir, (apr_size_t)(at - dir));
    }
    return list;
}

static const char *step(const apr_array_header_t *list, int i)
{
    return APR_ARRAY_IDX(list, i, const char *);
}

static int become(const mcp_store_user *user)
{
    if (geteuid()) return 1;
    return !setgid(user->gid) && !initgroups(user->name, user->gid) && !setuid(user->uid);
}

/* Asked in a process that has become the user: what root may do says nothing, and a mode tells neither of groups nor of ACLs. */
static int user_may(const mcp_store_user *user, const char *path, int how)
{
    pid_t child = fork();
    int status = -1;

    if (!child) _exit(become(user) && !access(path, how) ? 0 : 1);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return child > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

static int is_ours(const char *name)
{
    return !strcmp(name, "data.mdb") || !strncmp(name, "signing-", 8);
}

/* A file system of its own is born with lost+found. */
static int is_nothing(const char *name)
{
    return *name == '.' || !strcmp(name, "lost+found") || !strcmp(name, "lock.mdb");
}

/* The name of a file that shows the folder to be somebody else's, or NULL. */
static const char *find_stranger(apr_pool_t *p, const char *dir)
{
    const char *stranger = NULL;
    const struct dirent *entry;
    DIR *list = opendir(dir);
    int ours = 0;

    while (list && !ours && (entry = readdir(list))) {
        if (is_ours(entry->d_name)) ours = 1;
        else if (!stranger && !is_nothing(entry->d_name)) stranger = apr_pstrdup(p, entry->d_name);
    }
    if (list) closedir(list);
    return ours ? NULL : stranger;
}

static const char *check_files(apr_pool_t *p, const char *dir, const mcp_store_user *user)
{
    static const char *const files[] = { "data.mdb", "lock.mdb", NULL };
    const char *const *name, *path;

    for (name = files; *name; name++) {
        path = apr_pstrcat(p, dir, "/", *name, NULL);
        if (!access(path, F_OK) && !user_may(user, path, R_OK | W_OK))
            return apr_psprintf(p, "%s cannot write to %s: chown %s %s", user->name, path, user->name, path);
    }
    return NULL;
}

static const char *check_own(apr_pool_t *p, const char *dir, const mcp_store_user *user)
{
    const char *stranger = find_stranger(p, dir);

    if (stranger) return apr_psprintf(p, "%s holds other files (%s) and no store; name a folder of its own", dir, stranger);
    if (!user_may(user, dir, R_OK | W_OK | X_OK)) return apr_psprintf(p, "%s cannot write in %s: chown %s %s", user->name, dir, user->name, dir);
    return check_files(p, dir, user);
}

static const char *check_step(apr_pool_t *p, const char *path, const struct stat *st, const mcp_store_user *user)
{
    if (!S_ISDIR(st->st_mode)) return apr_psprintf(p, "%s is a file; name a folder", path);
    if (user_may(user, path, X_OK)) return NULL;
    return apr_psprintf(p, "%s cannot enter %s: chmod o+x %s, or name a folder elsewhere", user->name, path, path);
}

static const char *check_missing(apr_pool_t *p, const char *above, const char *path)
{
    if (errno != ENOENT) return apr_psprintf(p, "%s: %s", path, strerror(errno));
    if (!access(above, W_OK | X_OK)) return NULL;
    return apr_psprintf(p, "%s does not exist and cannot be made: %s", path, strerror(errno));
}

const char *mcp_store_folder_check(apr_pool_t *p, const char *dir, const mcp_store_user *user)
{
    const apr_array_header_t *all = steps(p, dir);
    const char *wrong;
    struct stat st;
    int i, last = all->nelts - 1;

    for (i = 0; i <= last; i++) {
        if (stat(step(all, i), &st)) return check_missing(p, step(all, i ? i - 1 : 0), step(all, i));
        if (i == last && S_ISDIR(st.st_mode)) return check_own(p, dir, user);
        if ((wrong = check_step(p, step(all, i), &st, user))) return wrong;
    }
    return NULL;
}

/* By its handle: between its birth and now another process may have put a link in its place. */
static int settle(const char *path, mode_t mode, const mcp_store_user *owner)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), ok;

    ok = fd >= 0 && !fchmod(fd, mode) && (!owner || geteuid() || !fchown(fd, owner->uid, owner->gid));
    if (fd >= 0) close(fd);
    return ok;
}

const char *mcp_store_folder_make(apr_pool_t *p, const char *dir, const mcp_store_user *user)
{
    const apr_array_header_t *all = steps(p, dir);
    int i, last = all->nelts - 1;

    for (i = 0; i <= last; i++) {
        if (!access(step(all, i), F_OK)) continue;
        if (mkdir(step(all, i), OWN_MODE) || !settle(step(all, i), i < last ? PARENT_MODE : OWN_MODE, i < last ? NULL : user))
            return apr_psprintf(p, "%s cannot be made: %s", step(all, i), strerror(errno));
    }
    return mcp_store_folder_check(p, dir, user);
}
