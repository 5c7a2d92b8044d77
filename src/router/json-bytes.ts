export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const ZERO = 0x30;
export const NINE = 0x39;

/** A complete number or word. */
export const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

export const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
export const isScalarByte = (byte: number): boolean =>
  (byte >= ZERO && byte <= NINE) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x45;
export const isEscape = (byte: number): boolean =>
  byte === QUOTE ||
  byte === BACKSLASH ||
  byte === 0x2f ||
  byte === 0x62 ||
  byte === 0x66 ||
  byte === 0x6e ||
  byte === 0x72 ||
  byte === 0x74 ||
  byte === 0x75;

export const indexOr = (chunk: Buffer, byte: number, from: number, otherwise: number): number => {
  const at = chunk.indexOf(byte, from);
  return at === -1 ? otherwise : at;
};

/** Nothing that is escaped, and nothing that would have to be. */
const PLAIN = /^[\x20-\x5b\x5d-\uffff]*$/;

export const unescapeText = (text: string): string | null => {
  if (PLAIN.test(text)) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return null;
  }
};
