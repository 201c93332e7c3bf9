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
    [CHECK_UNFED] =
        {"CHK-UNFED", "A guest's TCE table that covers a group's window is connected to it.",
         "Of any program: KVM knows the group (GROUP_ADD), a device of it is in use, its container has a window\n"
         "(TCE_CREATE), KVM has a table for the same addresses (CREATE_SPAPR_TCE_64) and so takes the guest's\n"
         "H_PUT_TCE itself, but no SET_SPAPR_TCE has named group and table: the hypercalls return H_SUCCESS and\n"
         "reach no hardware. Looked at when the guest writes such a table and when the window, the group or the\n"
         "table is taken away. QEMU commit 8c37faa475 (2017) is the fault it was made for."},
    [CHECK_ORPHAN] =
        {"CHK-ORPHAN", "KVM writes no hardware table whose window is gone.",
         "Of any program: SET_SPAPR_TCE attaches the hardware table that the group has then. If the window is\n"
         "removed, or the group leaves its container, before GROUP_DEL or the close of the guest's table, KVM goes\n"
         "on writing a table that no device sees, and mapped memory stays counted (KV-56). Looked at when the guest\n"
         "writes it, and when the program ends with it."},
    [CHECK_LIVE] = {"CHK-LIVE", "No window is removed while something is mapped in it.",
                    "Of any program: TCE_REMOVE clears what is left, without a word. A device that still works there\n"
                    "loses its memory under its hands; UNMAP_DMA comes first."},
    [CHECK_TRAP] =
        {"CHK-TRAP", "No call succeeded that did not do what it says.",
         "Of any program: some of the kernel's answers look like successes: MAP_DMA at a misaligned address\n"
         "returns 1 (TCE-75), UNREGISTER_MEMORY of memory still mapped returns 0 and leaks it (TCE-63). The\n"
         "rule in the finding says what happened; `vfiosim explain` says more about it."},
    [CHECK_STRICT] =
        {"CHK-STRICT", "No call was refused with EINVAL or EFAULT.",
         "Of any program, if asked for: a call whose arguments the kernel does not take is a mistake of the\n"
         "caller's, unless it asks in order to learn what there is, as QEMU does of optional regions and\n"
         "interrupts."},
    [CHECK_LEFT] =
        {"CHK-LEFT", "A program gives back what it has before it ends.",
         "Of any program, if asked for: the kernel closes what is open when a process ends, unmaps what is\n"
         "mapped and unpins what is registered, so that nothing is lost; but what is forgotten at the end is\n"
         "often forgotten in the middle, too."},
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
