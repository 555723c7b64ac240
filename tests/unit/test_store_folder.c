/* Threat: a folder of somebody else is given to httpd's user, or keys are written into it; a store that httpd's children cannot
 * reach looks good until they are asked. Where the tests run as root the user is nobody, else the one who runs them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/store.h"

static apr_pool_t *pool;
static char base[64];
static mcp_store_user user;

static int setup(void **state)
{
    const struct passwd *who = getpwnam("nobody");

    (void)state;
    user = geteuid() || !who ? (mcp_store_user){ geteuid(), getegid(), "me" } : (mcp_store_user){ who->pw_uid, who->pw_gid, "nobody" };
    strcpy(base, "/tmp/mcp-folder-XXXXXX");
    return !mkdtemp(base) || chmod(base, 0755) || apr_pool_create(&pool, NULL);
}

static int teardown(void **state)
{
    char *command = apr_psprintf(pool, "rm -rf %s", base);
    int failed = system(command);

    (void)state;
    apr_pool_destroy(pool);
    return failed;
}

static const char *in_base(const char *name)
{
    return apr_pstrcat(pool, base, "/", name, NULL);
}

static void give(const char *path)
{
    if (chown(path, user.uid, user.gid)) fail_msg("chown %s", path);
}

static const char *folder(const char *name, mode_t mode)
{
    const char *path = in_base(name);

    assert_int_equal(mkdir(path, mode), 0);
    return path;
}

static void file(const char *name)
{
    int fd = open(in_base(name), O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    close(fd);
}

/* words: NULL for good. */
static void judge(const char *dir, const char *words)
{
    const char *wrong = mcp_store_folder_check(pool, dir, &user);

    if (!words ? wrong != NULL : !wrong || !strstr(wrong, words)) fail_msg("%s: %s", dir, wrong ? wrong : "good");
}

static void what_is_missing_is_made_at_the_start_alone(void **state)
{
    struct stat st;

    (void)state;
    judge(in_base("a/b"), NULL);
    assert_int_equal(stat(in_base("a"), &st), -1);
}

static void a_folder_must_be_the_users(void **state)
{
    const char *own = folder("own", 0700);

    (void)state;
    give(own);
    judge(own, NULL);
    judge(apr_pstrcat(pool, own, "/", NULL), NULL);
    if (geteuid()) skip();      /* only root can give a folder to another user; the check runs as root */
    judge(folder("roots", 0755), apr_psprintf(pool, "%s cannot write in %s: chown %s %s", user.name, in_base("roots"), user.name, in_base("roots")));
    folder("closed", 0700);
    judge(in_base("closed/deeper/still"), apr_psprintf(pool, "%s cannot enter %s: chmod o+x %s", user.name, in_base("closed"), in_base("closed")));
    folder("closed/own", 0700);
    give(in_base("closed/own"));
    judge(in_base("closed/own"), "cannot enter");
}

static void a_folder_of_others_is_left_alone(void **state)
{
    const char *dir = folder("site", 0700);

    (void)state;
    give(dir);
    file("site/.hidden");
    folder("site/lost+found", 0700);
    judge(dir, NULL);
    file("site/index.html");
    judge(dir, "holds other files (index.html) and no store");
    file("site/signing-0123456789ab.pem");
    judge(dir, NULL);
    unlink(in_base("site/signing-0123456789ab.pem"));
    file("site/data.mdb");
    give(in_base("site/data.mdb"));
    judge(dir, NULL);
    if (geteuid()) skip();      /* only root can give a folder to another user; the check runs as root */
    assert_int_equal(chown(in_base("site/data.mdb"), 0, 0), 0);
    judge(dir, apr_psprintf(pool, "cannot write to %s: chown %s ", in_base("site/data.mdb"), user.name));
}

static void files_are_no_folders(void **state)
{
    (void)state;
    file("f");
    judge(in_base("f"), "/f is a file; name a folder");
    judge(in_base("f/below"), "/f is a file; name a folder");
}

static void assert_mode(const char *path, mode_t mode, uid_t owner)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    if ((st.st_mode & 07777) != mode || st.st_uid != owner) fail_msg("%s: %o of %u", path, st.st_mode, st.st_uid);
}

static void made_folders_have_their_modes(void **state)
{
    mode_t mask = umask(0077);
    const char *wrong = mcp_store_folder_make(pool, in_base("a/b/c"), &user);

    (void)state;
    umask(mask);
    assert_null(wrong);
    assert_mode(in_base("a"), 0755, geteuid());
    assert_mode(in_base("a/b"), 0755, geteuid());
    assert_mode(in_base("a/b/c"), 0700, user.uid);
    assert_null(mcp_store_folder_make(pool, in_base("a/b/c"), &user));
}

static void what_is_there_keeps_owner_and_mode(void **state)
{
    const char *dir = folder("there", 0750), *wrong;

    (void)state;
    wrong = mcp_store_folder_make(pool, dir, &user);
    assert_int_equal(wrong != NULL, geteuid() == 0);
    assert_mode(dir, 0750, geteuid());
    file("f");
    assert_non_null(mcp_store_folder_make(pool, in_base("f/below"), &user));
    assert_int_equal(symlink("nowhere", in_base("dangling")), 0);
    wrong = mcp_store_folder_make(pool, in_base("dangling/x"), &user);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "/dangling cannot be made: File exists"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_is_made_at_the_start_alone), TEST(a_folder_must_be_the_users), TEST(a_folder_of_others_is_left_alone),
        TEST(files_are_no_folders), TEST(made_folders_have_their_modes), TEST(what_is_there_keeps_owner_and_mode)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
