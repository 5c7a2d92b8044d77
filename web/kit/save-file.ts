/** Hands a text to the person as a file. */
export const saveFile = (name: string, type: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has begun with the click; the blob may go after the browser has taken it.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};

/** `llamactor-log-2026-11-24-0831.json`: sorts by name as by time. */
export const datedName = (what: string, ending: string, at = new Date()): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `llamactor-${what}-${day}-${two(at.getHours())}${two(at.getMinutes())}.${ending}`;
};
