/** Points as SVG paths. Pure. */

export interface SparklineShape {
  line: string;
  area: string;
}

/** More points than this are finer than a pixel. */
const MOST = 90;

const round = (value: number): string => String(Math.round(value * 10) / 10);

/**
 * A line through `points` (oldest first) in a box of `width` × `height`, the area under it closed; null with fewer than two.
 * Values are held inside 0…`max`, so that a spike cannot leave the box.
 */
export const sparklinePath = (
  points: readonly (readonly [at: number, value: number])[],
  max: number,
  width: number,
  height: number,
): SparklineShape | null => {
  const step = Math.max(1, Math.ceil(points.length / MOST));
  // Counted from the newest, so that the last point is always there.
  const shown = points.filter((_, index) => (points.length - 1 - index) % step === 0);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined || shown.length < 2 || last[0] === first[0]) return null;
  const span = last[0] - first[0];
  const top = max > 0 ? max : 1;
  const at = ([moment, value]: readonly [number, number]): string => {
    const x = ((moment - first[0]) / span) * width;
    const y = height - 1 - (Math.min(top, Math.max(0, value)) / top) * (height - 2);
    return `${round(x)} ${round(y)}`;
  };
  const line = `M${shown.map(at).join('L')}`;
  return { line, area: `${line}L${String(width)} ${String(height)}L0 ${String(height)}Z` };
};
