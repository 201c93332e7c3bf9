/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The firmware of a PC (pc-i440fx) that is a guest's whole software: 64 KiB, mapped below 1 MiB and below 4 GiB. It
 * drives one PCI function in slot 4 of the root bus, and says on the debug console (port 0xe9) what it meets:
 *
 *   B     it has booted: protected mode, its local APIC takes interrupts
 *   M     a device was found; its MSI is enabled with vector 0x40, it may be a bus master
 *   Ix    an interrupt of that vector has arrived; x is the byte at 0x8000, which the device is expected to have written
 *   E     the VMM has asked for the slot's device (ACPI PCI hotplug, docs/specs/acpi_pci_hotplug of QEMU): ejected
 *   G     the slot is empty: at boot, or after E
 *
 * Intel SDM volume 3: 9.9 (switching modes), 10 (APIC); PCI Local Bus 3.0: 3.2.2.3.2 (0xcf8), 6.8 (MSI).
 */
#define CONSOLE 0xe9
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define SLOT 4
#define HOTPLUG_UP 0xae00
#define HOTPLUG_DOWN 0xae04
#define HOTPLUG_EJECT 0xae08
#define HOTPLUG_BUS 0xae10
#define DMA_BYTE 0x8000
#define VECTOR 0x40
#define IDT 0x1000
#define STACK 0x7000

  .macro say character
  movb $\character, %al
  outb %al, $CONSOLE
  .endm

  .text
  .globl _start
_start:
  .code16
  cli
  lgdtl %cs:(gdt_pointer - _start)
  movl %cr0, %eax
  orb $1, %al
  movl %eax, %cr0
  ljmpl $8, $protected

  .code32
protected:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movl $STACK, %esp

  /* One gate: a 32-bit interrupt gate of segment 8. */
  movl $interrupt, %eax
  movl $IDT + VECTOR * 8, %edi
  movw %ax, (%edi)
  movw $8, 2(%edi)
  movw $0x8e00, 4(%edi)
  shrl $16, %eax
  movw %ax, 6(%edi)
  lidt idt_pointer

  movl $0xfee000f0, %edi /* spurious vector: 0xff, and the APIC is enabled */
  movl $0x1ff, (%edi)
  xorl %eax, %eax /* the root bus */
  movw $HOTPLUG_BUS, %dx
  outl %eax, %dx
  say 'B'
  call look

/* The only place where interrupts are taken: their handler goes on here instead of returning, as IRET in protected mode
   is not known to KVMs that emulate it. */
poll:
  movl $STACK, %esp
  sti
  nop
  nop
  cli
  movw $HOTPLUG_UP, %dx
  inl %dx, %eax
  testl %eax, %eax
  jz 1f
  call look
1:
  movw $HOTPLUG_DOWN, %dx
  inl %dx, %eax
  testl %eax, %eax
  jz poll
  movw $HOTPLUG_EJECT, %dx
  outl %eax, %dx
  say 'E'
  call look
  jmp poll

/* Sets up what is in the slot. */
look:
  xorl %ebx, %ebx
  call config_read
  cmpw $0xffff, %ax
  jne set_up
  say 'G'
  ret

/* ebx: register, a multiple of 4. eax: its value, or the new one. */
config_select:
  movl %ebx, %eax
  orl $(0x80000000 | SLOT << 11), %eax
  movw $CONFIG_ADDRESS, %dx
  outl %eax, %dx
  movw $CONFIG_DATA, %dx
  ret
config_read:
  call config_select
  inl %dx, %eax
  ret
config_write:
  pushl %eax
  call config_select
  popl %eax
  outl %eax, %dx
  ret

set_up:
  movl $0x34, %ebx
  call config_read
find:
  movzbl %al, %ebx
  andl $0xfc, %ebx
  jz set_up_end
  call config_read
  cmpb $5, %al
  je found
  shrl $8, %eax
  jmp find
found:
  movl %eax, %esi /* id, next, control */
  addl $4, %ebx
  movl $0xfee00000, %eax /* to APIC 0 */
  call config_write
  addl $4, %ebx
  testl $0x800000, %esi /* a 64-bit address? */
  jz 2f
  xorl %eax, %eax
  call config_write
  addl $4, %ebx
  pushl $12
  jmp 3f
2:
  pushl $8
3:
  movl $VECTOR, %eax /* edge, fixed */
  call config_write
  popl %ecx
  subl %ecx, %ebx
  movl %esi, %eax
  orl $0x10000, %eax
  call config_write
  movl $4, %ebx
  call config_read
  movzwl %ax, %eax
  orl $6, %eax
  call config_write
  say 'M'
set_up_end:
  ret

interrupt:
  say 'I'
  movb DMA_BYTE, %al
  outb %al, $CONSOLE
  movl $0, 0xfee000b0 /* end of interrupt */
  jmp poll

  .balign 8
/* Their accessed bits are set: the processor would set them, and this is a ROM. */
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff
  .quad 0x00cf93000000ffff
gdt_pointer:
  .word 23
  .long gdt
idt_pointer:
  .word (VECTOR + 1) * 8 - 1
  .long IDT

  .org 0xfff0
  .code16
  ljmp $0xf000, $0
  .org 0x10000
