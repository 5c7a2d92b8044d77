/** Names of downloaded files, and which files are programs. What a page says of them is only a wish. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { fileTypeFromFile } from 'file-type';
import { executableFormat } from '../engine/executable-format.ts';

/** Endings that some system runs, installs or follows when the file is opened. */
const PROGRAM_ENDINGS = new Set(
  (
    'exe com scr pif bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta cpl msi msp msix appx dll sys drv ocx lnk url scf reg inf ' +
    'sh bash zsh fish csh ksh run bin out elf so appimage desktop deb rpm flatpakref snap jar class apk xapk aab ipa app pkg dmg ' +
    'command workflow scpt applescript action py pyc pyw pl rb php lua jnlp xbap gadget chm iso img vhd vhdx'
  ).split(' '),
);

const PROGRAM_TYPES = new Set([
  'application/x-msdownload',
  'application/vnd.microsoft.portable-executable',
  'application/x-elf',
  'application/x-mach-binary',
  'application/java-archive',
  'application/java-vm',
  'application/vnd.android.package-archive',
  'application/x-apple-diskimage',
  'application/x-deb',
  'application/x-rpm',
  'application/x.ms.shortcut',
  'application/x-ms-shortcut',
  'application/x.apple.alias',
  'application/wasm',
]);

/** Names that Windows takes for devices, whatever follows a dot. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const LONGEST = 120;
// Characters that are invisible, turn the reading direction, or mean something to a system.
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}<>:"|?*]/gu;

/** A plain name without any path, from whatever a page proposed. */
export const safeName = (proposed: string): string => {
  const last = proposed.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replace(FORBIDDEN, '')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  const ending = path.extname(plain).slice(0, 20);
  const cut = plain.length > LONGEST ? plain.slice(0, LONGEST - ending.length).trimEnd() + ending : plain;
  if (cut === '') return 'download';
  return DEVICES.test(cut) ? `_${cut}` : cut;
};

export const isProgramName = (name: string): boolean => PROGRAM_ENDINGS.has(path.extname(name).slice(1).toLowerCase());

/** Beginnings of scripts and links that carry no magic number. */
const PROGRAM_WORDS =
  /^\uFEFF?\s*(?:#!|@echo\s|\[Desktop Entry\]|\[InternetShortcut\]|Windows Registry Editor|REGEDIT4)/i;

/** Whether a file is something that runs, by its content. */
export const isProgramFile = async (file: string): Promise<boolean> => {
  if ((await executableFormat(file)).kind !== 'unknown') return true;
  const known = await fileTypeFromFile(file);
  if (known !== undefined && PROGRAM_TYPES.has(known.mime)) return true;
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return PROGRAM_WORDS.test(buffer.subarray(0, bytesRead).toString('utf8'));
  } finally {
    await handle.close();
  }
};
