/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario as the parser leaves it: every name resolved, every value in range; what is left to go wrong is the run
 * itself. docs/scenario-language.md is the grammar.
 */
#pragma once

#include "sim/host/host.h"
#include "sim/trace/trace.h"

G_BEGIN_DECLS

enum {
  SCENARIO_MAX_BYTES = 1 << 20,
  SCENARIO_MAX_STMTS = 10000,
  SCENARIO_MAX_LINE = 1000, /* bytes */
  SCENARIO_MAX_PROCESSES = 8,
  SCENARIO_MAX_CONTENTS = 64 << 20, /* bytes of RAM that one statement fills or looks at */
};

#define SCENARIO_ERROR (scenario_error_quark())
GQuark scenario_error_quark(void);
typedef enum { SCENARIO_ERROR_SYNTAX, SCENARIO_ERROR_NAME, SCENARIO_ERROR_VALUE, SCENARIO_ERROR_READ } ScenarioError;

typedef struct {
  guint line, column;
} ScenarioPlace; /* both from 1 */

/* ---- what is expected of calls ---- */

/* What stands for the value of a field. */
typedef enum {
  ARG_NUMBER,      /* value; "none" for an fd is -1, numbers below 0 are two's complement of the field's size */
  ARG_OBJECT,      /* expectations, ABI_FD fields: object */
  ARG_HANDLE,      /* raw, ABI_FD fields: the handle `name` */
  ARG_STDIN,       /* raw, ABI_FD fields: an open file that is neither VFIO's nor KVM's */
  ARG_BUFFER,      /* raw: the address of the buffer `name` plus value */
  ARG_BAD_ADDRESS, /* raw: an address that is never mapped plus value */
  ARG_TEXT,        /* ABI_STR fields: name is the text */
} ScenarioArgKind;

typedef struct {
  ScenarioArgKind kind;
  const AbiField *field;
  guint64 value;
  AbiObject object;
  char *name;
  gboolean after; /* raw: stood after "=": what the kernel must leave there */
} ScenarioArg;

typedef enum { EXPECT_CALL, EXPECT_SKIP /* "..." */, EXPECT_NEVER } ScenarioExpectKind;

typedef struct {
  ScenarioExpectKind kind;
  ScenarioPlace place;
  AbiCallId call;
  AbiObject object; /* kind ABI_NONE: any; id 0 with has_id FALSE: any of the kind */
  gboolean has_id;
  GArray *args;        /* of ScenarioArg: in- and out-fields alike */
  gboolean any_result; /* no "=" given; raw calls "= any" */
  gint64 result;       /* >= 0 or -errno, hypercalls H_*; meaningless if any_result or result_fd */
  gboolean result_fd;  /* "= fd": any result >= 0; raw calls without "=" too */
} ScenarioExpect;

/* Who a part of a scenario is about. */
typedef enum { SCENARIO_BUILTIN, SCENARIO_QEMU, SCENARIO_ANY_SUBJECT } ScenarioSubject;

const char *scenario_subject_name(ScenarioSubject subject); /* "builtin", "qemu"; "any" */
/* FALSE: there is no such subject, or it is "any". */
gboolean scenario_subject_from_name(const char *name, ScenarioSubject *subject);

/* An indented `expect [SUBJECT]` block under an event. */
typedef struct {
  ScenarioSubject subject; /* whose calls it is held against */
  ScenarioPlace place;
  GArray *expects; /* of ScenarioExpect, in order; never NULL */
} ScenarioBlock;

/* ---- statements ---- */

typedef enum {
  STMT_BOOT,       /* boot */
  STMT_RESET,      /* reset */
  STMT_QUIT,       /* quit: the machine is taken down in order */
  STMT_PLUG,       /* plug BDF phb N as NAME: device, phb, name */
  STMT_COLD,       /* cold BDF phb N as NAME: there when the machine is built, before boot */
  STMT_UNPLUG,     /* unplug NAME */
  STMT_PLUG_PHB,   /* plug-phb N: ...: phb */
  STMT_UNPLUG_PHB, /* unplug-phb N: phb.index */
  STMT_PLUG_RAM,   /* plug-ram SIZE at ADDR as NAME: size, addr, name */
  STMT_UNPLUG_RAM, /* unplug-ram NAME */
  STMT_DDW_CREATE, /* ddw create phb N page P size S as NAME: phb.index, page_shift, size, name */
  STMT_DDW_REMOVE, /* ddw remove NAME, or ddw remove liobn L: liobn */
  STMT_DDW_RESET,  /* ddw reset phb N */
  STMT_DDW_QUERY,  /* ddw query phb N [= COUNT]: phb.index, has_value, value */
  STMT_GUEST_PUT,  /* guest put-tce liobn L ioba I -> ram R PERM: liobn, ioba, addr, perm ("-> none": perm 0, addr 0) */
  STMT_GUEST_GET,  /* guest get-tce liobn L ioba I = VALUE: has_value, value; = H_...: match.result */
  STMT_GUEST_STUFF,    /* guest stuff-tce liobn L ioba I value V count N */
  STMT_GUEST_INDIRECT, /* guest put-tce-list liobn L ioba I -> ram R PERM count N: consecutive pages from R */
  STMT_CONFIG_READ,    /* guest read-config NAME offset O size N [= VALUE]: name, offset, size, has_value, value */
  STMT_CONFIG_WRITE,   /* guest write-config NAME offset O size N value V */
  STMT_GUEST_STORE,    /* guest store ram R size N value V [counting]: addr, size, value, counting */
  STMT_ENGINE,         /* engine NAME copy|fill|crc ...: name, command, ioba, destination, size, value, stops */
  STMT_KILL,           /* kill subject: the process dies here */
  STMT_FAIL,           /* fail [OBJECT] CALL [nth N] with ERRNO: fault */
  /* The host's administrator: device. */
  STMT_HOST_UNBIND,   /* host-unbind BDF [waits]: waits */
  STMT_HOST_BIND,     /* host-bind BDF to vfio-pci|host: driver */
  STMT_HOST_OPEN,     /* host-open BDF: another program opens the device's own node */
  STMT_HOST_CLOSE,    /* host-close BDF */
  STMT_ASSERT_DRIVER, /* assert driver BDF vfio-pci|host|none: driver */
  STMT_ASSERT_DMA,    /* assert dma NAME ioba I reaches ram R | reaches nothing: name, ioba, addr, negate; write too if
                         perm */
  STMT_ASSERT_FEEDS,  /* assert liobn L feeds group G | does not feed group G */
  STMT_ASSERT_COUNT,  /* assert count CALL [in OBJECT] = N: match, value: calls since the scenario began */
  STMT_ASSERT_LOCKED, /* assert locked SIZE: bytes the kernel has accounted to the subject */
  STMT_ASSERT_INTERRUPT, /* assert interrupt NAME intx|msi|msix VECTOR reaches subject */
  STMT_ASSERT_RAM,       /* assert ram R size N holds V [counting]: addr, size, value, counting */
  STMT_ASSERT_CLEAN,     /* assert clean: nothing of the subject is left in the kernel but what was there before boot */
  /* Raw calls: match is the call, its object's kind, its fields and result; name is the handle it is made on, as the
   * handle it makes. */
  STMT_RAW_OPEN,    /* open container|group N|kvm [readonly] as H [= RESULT]: match.object, readonly, as */
  STMT_RAW_CALL,    /* H CALL args [at bad-pointer] [as H2] = result out-args: name, as, bad_pointer */
  STMT_RAW_CLOSE,   /* close H [= RESULT]: name */
  STMT_RAW_DUP,     /* dup H as H2 [= RESULT]: name, as */
  STMT_RAW_BUFFER,  /* buffer NAME SIZE [readonly] [align A]: name, size, readonly, align (0: the host's page) */
  STMT_RAW_FREE,    /* free NAME [from OFFSET size SIZE]: unmaps it (a hole); name, offset, size: whole if not given */
  STMT_RAW_READ,    /* H read offset O size N = result [value V]: name, offset, size, has_value, value */
  STMT_RAW_WRITE,   /* H write offset O size N value V = result: name, offset, size (1, 2, 4, 8), value */
  STMT_RAW_MMAP,    /* H mmap size N [offset O] [readonly] = result (0: mapped): name, offset, size, readonly */
  STMT_RAW_PROCESS, /* process N: raw statements below are made by a forked child N (0: the first); value */
  STMT_N_KINDS
} ScenarioStmtKind;

/* The engine's commands, by its numbers: docs/engine.md. */
typedef enum { ENGINE_COPY = 1, ENGINE_FILL = 2, ENGINE_CRC = 3 } ScenarioEngineCommand;
enum { ENGINE_UNMAPPED = 4, ENGINE_FROZEN = 7 }; /* of ScenarioStmt.stops */

typedef struct {
  guint index;                       /* 0..30 */
  guint64 liobn;                     /* 0 = 0x80000000 + (index << 8) */
  guint64 window_start, window_size; /* default window, bytes */
  guint page_shift;
} ScenarioPhb;

typedef enum { SCENARIO_DRIVER_NONE, SCENARIO_DRIVER_VFIO, SCENARIO_DRIVER_HOST, SCENARIO_N_DRIVERS } ScenarioDriver;

typedef struct {
  ScenarioStmtKind kind;
  ScenarioPlace place; /* of its first word */
  char *text;          /* the line as written, trimmed, without its comment */
  char *name;          /* what "as NAME" defines or the statement refers to; raw: the handle or buffer it is about */
  char *as;            /* raw: the handle that the call makes; NULL: none is kept */
  guint64 device;      /* packed address */
  ScenarioPhb phb;
  guint64 liobn, ioba, addr, offset, size, align, value, count;
  ScenarioEngineCommand
      command;               /* ENGINE: from ioba to destination; what is written or, with has_value, the CRC in value
                              */
  guint64 destination, stop; /* stop: with has_stop, the I/O address at which it stops */
  guint stops;               /* ENGINE: its error code, or ENGINE_FROZEN; 0: it must do all */
  gboolean has_stop;
  gboolean counting; /* each 32-bit word of RAM is the one before plus 1, from value */
  guint page_shift;
  guint perm; /* READ 1 | WRITE 2 */
  guint group;
  guint index, vector; /* interrupts: index is VFIO_PCI_INTX 0, MSI 1, MSIX 2 */
  ScenarioDriver driver;
  gboolean waits;     /* host-unbind: the device is in use */
  gboolean negate;    /* assert dma: reaches nothing; assert feeds: does not feed */
  gboolean has_value; /* value is required of the answer */
  gboolean readonly;
  gboolean bad_pointer; /* raw: the struct itself is at an address that is never mapped */
  gboolean fails;       /* "fails [ERRNO]": the event must be refused */
  int error;            /* that errno, 0: any; FAIL: the errno to answer */
  gboolean has_result;  /* a result was written; without one match requires success: hypercalls H_SUCCESS, raw >= 0 */
  ScenarioExpect match; /* guest hypercalls, RAW_*, FAIL, ASSERT_COUNT: the call, its object, args, result */
  guint nth;            /* FAIL: which matching call from here on, from 1 */
  GArray *blocks;       /* of ScenarioBlock: at most one for each subject; never NULL, may be empty */
} ScenarioStmt;

typedef struct {
  char *path;    /* as given */
  char *source;  /* the whole text, for error messages */
  char *summary; /* first sentence of the opening comment */
  SimHost *host;
  gboolean guest;          /* a `guest` line was given */
  gboolean kvm;            /* guest pseries kvm, else tcg */
  guint64 ram;             /* bytes */
  GArray *phbs;            /* of ScenarioPhb */
  char *order;             /* "shipped" or "pre-2017" */
  ScenarioSubject subject; /* whom it is about alone */
  guint timeout_ms;        /* limit of one statement; 10000 if not given */
  guint n_processes;       /* raw: 1 + the largest N of `process N` */
  GPtrArray *stmts;        /* of ScenarioStmt*; cold devices stand before boot */
} Scenario;

/* Reads and checks a file. Errors are one "path:line:column: message" line, the source line and a caret, in
 * error->message. path "-" reads standard input. */
Scenario *scenario_load(const char *path, GError **error);
Scenario *scenario_parse(const char *path, const char *text, GError **error);
void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

/* "path:line:column: message\n  source line\n      ^": what the runner prints of a failed statement, too. */
char *scenario_message(const Scenario *scenario, ScenarioPlace place, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Whether an event is what the expectation describes. */
gboolean scenario_expect_matches(const ScenarioExpect *expect, const TraceEvent *event);

/* Holds the calls of one statement (events [first, trace_len)) against one of its expect blocks;
 * docs/scenario-language.md says how the two are walked. TRUE: met. FALSE: *failed is the index of the expectation that
 * was not met, or expects->len if calls were left over, and *at the event where it stood (trace_len: the trace ended
 * there). */
gboolean scenario_expect_check(const ScenarioBlock *block, const Trace *trace, guint first, guint *failed, guint *at);

/* What the language says of a statement word: its usage and a line of help each, NULL if it is no word of the language.
 */
char *scenario_describe(const char *word);

/* What the language calls an error code of the engine's: "unmapped". */
const char *scenario_engine_stop(guint code);

/* Writes an expectation as the language has it, for messages: "kvm-vfio GROUP_ADD group 7 = 0". */
void scenario_expect_print(GString *out, const ScenarioExpect *expect);

G_END_DECLS
