/** The name of an uploaded file as it is shown; nothing on disk is ever called by it. Pure. */
const MOST = 200;
/** Control characters, marks that turn the order of what is read, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

export const cleanFileName = (name: string): string => {
  const last = name.replaceAll(UNSEEN, '').split(/[\\/]/).at(-1)?.trim() ?? '';
  if (last === '' || /^\.+$/.test(last)) return 'file';
  if (last.length <= MOST) return last;
  const ending = /\.[\w-]{1,16}$/.exec(last)?.[0] ?? '';
  return `${last.slice(0, MOST - ending.length)}${ending}`;
};
