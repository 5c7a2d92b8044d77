const scratch = new DataView(new ArrayBuffer(4));

/**
 * IEEE 754 binary16 bits of a number, rounded to nearest with ties to even; too large becomes infinity.
 * Node 20 has no Float16Array, which is why this is here.
 */
export const toFloat16Bits = (value: number): number => {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const unbiased = exponent - 127;
  if (unbiased > 15) return sign | 0x7c00;
  // A normal half keeps 10 fraction bits; a subnormal one loses a bit more for each step below -14.
  const shift = unbiased >= -14 ? 13 : -1 - unbiased;
  if (shift > 24) return sign;
  const significand = unbiased >= -14 ? ((unbiased + 15) << 23) | fraction : 0x800000 | fraction;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const roundUp = rest > half || (rest === half && (kept & 1) === 1);
  return sign | (kept + (roundUp ? 1 : 0));
};
