/**
 * Model output, log lines and file names are other people's text: an escape sequence in them could rewrite the terminal, set its
 * title or paste into it. Everything that is not printable, a newline or a tab is shown as U+FFFD.
 */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD');

/** The same for text that must stay on one line. */
export const oneLine = (text: string): string => text.replace(/[\r\n\t]+/g, ' ').replace(/\p{Cc}/gu, '\uFFFD');
