/* Two calls of User-Mode Linux to this machine's kernel, as it should have made them.
 *
 * ptrace, on processors whose register state is larger than its buffer. UML of Linux 6.1 keeps
 * 2696 bytes of it (up to PKRU). Where the processor has more (AMX), the host's kernel refuses to
 * set registers from a part of the state (arch/x86/kernel/fpu/regset.c, xstateregs_set), and the
 * guest panics with its first process. Here the part is padded with zeros: of what is in them the
 * state's own header says that it is not in use.
 *
 * epoll_wait, which tells UML what interrupts it. All that is told at once lies in one array
 * (arch/um/os-Linux/irq.c, epoll_events), and what handles the first of them lets softirqs run:
 * these are interrupted, and the array is written anew, before the second was looked at. Each is
 * told once only (EPOLLET), so that one is lost: a read that the disk has answered hangs until the
 * disk is asked for something else, which on an idle SAN is never. Told one by one none is lost.
 *
 * No header and no library beside gcc itself: PTRACE_*, NT_X86_XSTATE and the numbers of the calls
 * are the kernel's interface of x86-64.
 */
#define PEEK_USER 3 /* the last of the three that return what they read */
#define GET 0x4204
#define SET 0x4205
#define XSTATE 0x202
#define SYS_PTRACE 101
#define SYS_EPOLL_WAIT 232

struct part {
    unsigned char *base;
    unsigned long length;
};

extern long syscall(long number, ...);

static unsigned char whole[1 << 15];
static unsigned long size;

static unsigned long size_of_state(long pid) {
    struct part all = {whole, sizeof whole};
    if (syscall(SYS_PTRACE, GET, pid, XSTATE, &all))
        return 0;
    for (unsigned long i = 0; i < sizeof whole; i++)
        whole[i] = 0;
    return all.length;
}

long ptrace(long request, long pid, unsigned long address, void *data) {
    struct part *given = data;
    if (request && request <= PEEK_USER) {
        long word;
        long result = syscall(SYS_PTRACE, request, pid, address, &word);
        return result < 0 ? result : word;
    }
    if (request != SET || address != XSTATE)
        return syscall(SYS_PTRACE, request, pid, address, data);
    if (!size)
        size = size_of_state(pid);
    if (size <= given->length)
        return syscall(SYS_PTRACE, request, pid, address, data);
    for (unsigned long i = 0; i < given->length; i++)
        whole[i] = given->base[i];
    struct part all = {whole, size};
    return syscall(SYS_PTRACE, request, pid, address, &all);
}

int epoll_wait(int instance, void *events, int most, int timeout) {
    return (int)syscall(SYS_EPOLL_WAIT, instance, events, most > 0 ? 1 : most, timeout);
}
