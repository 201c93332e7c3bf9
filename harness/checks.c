/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/checks.h"

static const Check checks[CHECK_N_IDS] = {
    [CHECK_EXPECT] =
        {"CHK-EXPECT", "The event made the calls that its `expect` block lists, in that order, with those answers.",
         "Calls are held against the block one by one; `...` skips any number of them. READ, WRITE and MMAP\n"
         "are left out unless a line of the block names them. The message shows the first line that was not\n"
         "met and the call that stood in its place; the trace shows the whole event."},
    [CHECK_NEVER] = {"CHK-NEVER", "No call of the event is one that the `expect` block forbids.",
                     "A `never` line holds over the whole event, wherever it stands in the block."},
    [CHECK_ANSWER] = {"CHK-ANSWER",
                      "A raw call or a hypercall was answered as the line says: result, and fields after it.",
                      "Without a written result a raw call must succeed (>= 0) and a hypercall must return H_SUCCESS.\n"
                      "The rule that decided stands in brackets in the trace; `vfiosim explain` says more about it."},
    [CHECK_FAILS] =
        {"CHK-FAILS", "An event succeeded if no `fails` was written, and was refused if one was.",
         "`fails EBUSY` demands that the refusal come from a system call that failed with EBUSY; `fails` alone\n"
         "takes any refusal. An event that should be refused and succeeds is a failure, too."},
    [CHECK_FAULT] =
        {"CHK-FAULT", "Every fault that was armed was reached.",
         "`fail CALL nth N with ERRNO` answers the N-th such call from that line on. If the scenario ends before\n"
         "it, nothing was tested: the call is not made so often, or not on that object."},
    [CHECK_COUNT] = {"CHK-COUNT", "So many such calls were made since the scenario began.",
                     "Every call counts, whatever its answer, unless the line names a result."},
    [CHECK_FEEDS] =
        {"CHK-FEEDS", "A guest's TCE table feeds the window of a group, or does not.",
         "With KVM, H_PUT_TCE is answered in the kernel, and reaches the hardware only if the LIOBN's table was\n"
         "attached to the group's window by KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE. If that call is missing nothing\n"
         "fails: the hypercall returns H_SUCCESS and the device's DMA goes nowhere. The group must be in a\n"
         "container with an IOMMU and known to kvm-vfio (GROUP_ADD) before its window is made; QEMU commit\n"
         "8c37faa475 (2017) is the bug where it was not. docs/model.md"},
    [CHECK_REACHES] =
        {"CHK-REACHES", "The device's DMA at an I/O address arrives in guest memory, both ways.",
         "A pattern is written by the device and looked for in guest memory, then written by the guest and read by\n"
         "the device, through the tables now programmed for the device's group. If no translation is there,\n"
         "either the guest's H_PUT_TCE did not reach the hardware (CHK-FEEDS), or user space made no MAP_DMA."},
    [CHECK_NOTHING] =
        {"CHK-NOTHING", "The device's DMA at an I/O address finds no translation.",
         "After an unplug, a cleared TCE or a removed window the device must not reach guest memory any more."},
    [CHECK_INTERRUPT] = {"CHK-INTERRUPT", "An interrupt that the device raises arrives at the subject.",
                         "The vector's eventfd was handed over by VFIO_DEVICE_SET_IRQS and has counted."},
    [CHECK_ENGINE] =
        {"CHK-ENGINE", "The DMA engine did what its driver asked, or stopped where the line says.",
         "The subject's driver writes the engine's registers, the engine moves guest memory through the tables\n"
         "that are programmed for its group, and its interrupt comes by the eventfd. An engine that finds no\n"
         "translation says at which I/O address; where EEH watches, all of its registers then read as ones,\n"
         "which is `frozen`. docs/engine.md"},
    [CHECK_RAM] = {"CHK-RAM", "Guest memory holds what the line says.",
                   "What a device should have written is elsewhere, or nowhere: look at the TCEs of its window."},
    [CHECK_LOCKED] =
        {"CHK-LOCKED", "The kernel has accounted so much locked memory to the subject.",
         "v2 containers account preregistered memory and tables, v1 containers the whole window (ENABLE); KVM\n"
         "accounts its TCE tables. The limit is RLIMIT_MEMLOCK."},
    [CHECK_DRIVER] = {"CHK-DRIVER", "A device of the host is bound to the driver that the scenario says.",
                      "`host-unbind` takes a device from vfio-pci only when nobody has it open; until then it waits."},
    [CHECK_CLEAN] =
        {"CHK-CLEAN", "Nothing of the subject is left in the kernel.",
         "After `quit` or `kill subject`: no open container, group, device, VM, table, window, region, TCE or\n"
         "locked page. While the machine runs: nothing of VFIO. What is left names the reference that was not\n"
         "given back; groups and containers stay while kvm-vfio or a device fd holds them."},
    [CHECK_HUNG] =
        {"CHK-HUNG", "The subject answered within the scenario's time limit.",
         "`timeout` in the scenario's header sets the limit of one statement. The last calls are shown: usually\n"
         "the last of them is the one that waits."},
    [CHECK_DIED] = {"CHK-DIED", "The subject lived until the scenario let it go.",
                    "It crashed, exited, or took its world process with it; the signal and the last calls are shown.\n"
                    "--no-fork runs the scenario in the vfiosim process itself, for a debugger."},
};

const Check *check_get(CheckId id) {
  return id < CHECK_N_IDS ? &checks[id] : NULL;
}

const Check *check_find(const char *id) {
  for (guint i = 0; i < CHECK_N_IDS; i++)
    if (g_ascii_strcasecmp(checks[i].id, id) == 0)
      return &checks[i];
  return NULL;
}
