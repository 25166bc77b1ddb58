/* All states that hosts and runs can reach, breadth first: what search.py does, for many more states.
 *
 * It knows nothing of the protocol. What may happen to a run and a host, to a run alone, to a host
 * alone stands in tables of the numbers of their values; an entry that is missing is asked for once
 * (`ask`), and there Python computes it from the product's own `decide`.
 *
 * A state is one number: so many bits for each host, then so many for each run. Of the states that
 * differ only in names the smallest is looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t state;
enum { BETWEEN, ITSELF, ALONE, OUTDATED, SOILED, RENAMED_HOST, RENAMED_RUN };
enum { NOTHING, GRANT, START, AGAIN, SEALED, LOCK };
enum { MOST = 8, SWAPS = 720 };

struct step { int32_t host, run, event; };

struct model {
    int32_t hosts, runs, host_bits, run_bits, swaps, table_bits;
    int32_t parts[SWAPS][MOST];           /* of each symmetry: which part of the old state comes here */
    int32_t (*ask)(int32_t, int32_t, int32_t, int32_t, int32_t);
    struct step *steps;                   /* a list is its length (in `event`), then its steps */
    int32_t *run_hosts, *run_dirty, *host_running; /* of each value: bits, yes or no, 0 or the run's place + 1 */
    /* what was found */
    uint64_t states, transitions, depth, widest;
    int32_t wrong;                        /* 1, 2, 3, 4: S1 to S4; 9: the table is too small */
    state wrong_state;
};

static struct model *m;
static int32_t *between[MOST][MOST], *itself[MOST], *alone[MOST], *outdated[MOST], *soiled, *renamed[SWAPS][2];
static int shift[MOST];
static state host_mask, run_mask;
static state *table;
static state *next_states;
static uint64_t next_count, next_room;

static int32_t *new_table(uint64_t entries)
{
    int32_t *found = malloc(entries * sizeof *found);
    if (!found) abort();
    memset(found, 0xff, entries * sizeof *found);
    return found;
}

static inline int32_t look(int32_t *entries, uint64_t at, int32_t kind, int32_t a, int32_t b, int32_t c, int32_t d)
{
    if (entries[at] < 0) entries[at] = m->ask(kind, a, b, c, d);
    return entries[at];
}

static inline int32_t host_of(state s, int place) { return (int32_t)(s >> shift[place] & host_mask); }
static inline int32_t run_of(state s, int run) { return (int32_t)(s >> shift[m->hosts + run] & run_mask); }
static inline state with(state s, int part, state mask, state value)
{
    return (s & ~(mask << shift[part])) | value << shift[part];
}

static state smallest(state s)
{
    state best = s;
    for (int swap = 0; swap < m->swaps; swap++) {
        state other = 0;
        for (int part = 0; part < m->hosts + m->runs; part++) {
            int from = m->parts[swap][part], is_run = part >= m->hosts;
            int32_t value = is_run ? run_of(s, from - m->hosts) : host_of(s, from);
            int32_t kind = is_run ? RENAMED_RUN : RENAMED_HOST;
            other |= (state)look(renamed[swap][is_run], value, kind, value, swap, 0, 0) << shift[part];
        }
        if (other < best) best = other;
    }
    return best;
}

static void reach(state s)
{
    m->transitions++;
    s = smallest(s);
    uint64_t mask = ((uint64_t)1 << m->table_bits) - 1;
    uint64_t at = (s * 0x9E3779B97F4A7C15u) >> (64 - m->table_bits);
    for (; table[at]; at = (at + 1) & mask)
        if (table[at] == s + 1) return;
    if (m->states > mask / 16 * 15) { m->wrong = 9; return; }
    table[at] = s + 1;
    m->states++;
    if (next_count == next_room) {
        next_room = next_room ? next_room * 3 / 2 : 1 << 16;
        next_states = realloc(next_states, next_room * sizeof *next_states);
        if (!next_states) abort();
    }
    next_states[next_count++] = s;
}

static int is_beside(state s, int run)
{
    int32_t hosts = m->run_hosts[run_of(s, run)];
    for (int place = 0; place < m->hosts; place++) {
        int other = m->host_running[host_of(s, place)] - 1;
        if (other >= 0 && other != run && m->run_hosts[run_of(s, other)] & hosts) return 1;
    }
    return 0;
}

static int what_is_wrong(state s, int run, int32_t event)
{
    switch (event) {
    case START: return m->run_dirty[run_of(s, run)] ? 2 : is_beside(s, run) ? 1 : 0;
    case LOCK: return is_beside(s, run) ? 2 : 0;
    case AGAIN: return 3;
    case SEALED: return 4;
    default: return 0;
    }
}

/* What a grant or a start means for the other runs. */
static state tell(state s, int run, int place, int32_t event)
{
    int32_t starter = run_of(s, run);
    for (int other = 0; other < m->runs; other++) {
        int32_t was = run_of(s, other), now = was;
        if (other == run) continue;
        if (event == GRANT) now = look(outdated[place], was, OUTDATED, was, place, 0, 0);
        if (event == START)
            now = look(soiled, (uint64_t)was << m->run_bits | starter, SOILED, was, starter, 0, 0);
        s = with(s, m->hosts + other, run_mask, now);
    }
    return s;
}

static void follow(state s, int run, int place, int32_t list)
{
    struct step *step = m->steps + list;
    for (int32_t left = step++->event; left > 0; left--, step++) {
        state after = s;
        if (place >= 0) after = with(after, place, host_mask, step->host);
        if (run >= 0) after = with(after, m->hosts + run, run_mask, step->run);
        int wrong = what_is_wrong(s, run, step->event);
        if (wrong) { m->wrong = wrong; m->wrong_state = s; return; }
        if (step->event == GRANT || step->event == START) after = tell(after, run, place, step->event);
        if (after != s) reach(after);
    }
}

static void expand(state s)
{
    for (int run = 0; run < m->runs; run++) {
        int32_t value = run_of(s, run);
        follow(s, run, -1, look(itself[run], value, ITSELF, run, value, 0, 0));
        for (int place = 0; place < m->hosts; place++) {
            int32_t host = host_of(s, place);
            uint64_t at = (uint64_t)value << m->host_bits | host;
            follow(s, run, place, look(between[run][place], at, BETWEEN, run, value, place, host));
        }
    }
    for (int place = 0; place < m->hosts; place++) {
        int32_t host = host_of(s, place);
        follow(s, -1, place, look(alone[place], host, ALONE, place, host, 0, 0));
    }
}

static void set_up(void)
{
    uint64_t runs = (uint64_t)1 << m->run_bits, hosts = (uint64_t)1 << m->host_bits;
    host_mask = hosts - 1, run_mask = runs - 1;
    for (int part = 0; part < m->hosts + m->runs; part++)
        shift[part] = part < m->hosts ? part * m->host_bits
                                      : m->hosts * m->host_bits + (part - m->hosts) * m->run_bits;
    for (int run = 0; run < m->runs; run++) {
        itself[run] = new_table(runs);
        for (int place = 0; place < m->hosts; place++) between[run][place] = new_table(runs * hosts);
    }
    for (int place = 0; place < m->hosts; place++) alone[place] = new_table(hosts), outdated[place] = new_table(runs);
    soiled = new_table(runs * runs);
    for (int swap = 0; swap < m->swaps; swap++) renamed[swap][0] = new_table(hosts), renamed[swap][1] = new_table(runs);
    table = calloc((uint64_t)1 << m->table_bits, sizeof *table);
    if (!table) abort();
}

/* Looks at all states from this one on, unless one is wrong. Once in a process. */
void exhaust(struct model *given, state first)
{
    m = given;
    set_up();
    reach(first);
    while (next_count && !m->wrong) {
        state *these = next_states;
        uint64_t count = next_count;
        if (count > m->widest) m->widest = count;
        next_states = NULL, next_count = next_room = 0;
        for (uint64_t at = 0; at < count && !m->wrong; at++) expand(these[at]);
        free(these);
        m->depth++;
    }
}
