/* An extension of GNU make: $(become COMMAND) replaces make's process with COMMAND.
 *
 * Make itself can only end with 0, 1 or 2, so without this the exit status of `make run ONCE=1` would
 * not tell "the balances differ" from "the data could not be fetched". The Makefile builds it on the
 * spot and does without it where it cannot. */
#include <stddef.h>
#include <unistd.h>

/* From gnumake.h, which is not installed everywhere. */
typedef char *(*gmk_func_ptr)(const char *name, unsigned int argc, char **argv);
extern void gmk_add_function(const char *name, gmk_func_ptr func, unsigned int min_args,
                             unsigned int max_args, unsigned int flags);

/* Make asks every extension for this. Apache-2.0 is compatible with version 3 of the GPL. */
int plugin_is_GPL_compatible;

static char *become(const char *name, unsigned int argc, char **argv)
{
    (void)name;
    (void)argc;
    execl("/bin/sh", "sh", "-c", argv[0], (char *)NULL);
    return NULL; /* It did not work: expands to nothing, and the recipe runs the usual way. */
}

int make_become_gmk_setup(void)
{
    gmk_add_function("become", become, 1, 1, 0);
    return 1;
}
