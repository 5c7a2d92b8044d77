/** Pictures in a row as one animated GIF. */
import { decode } from 'fast-png';
import { encode } from 'modern-gif';

export interface Frame {
  png: Uint8Array;
  /** How long it stands, ms. */
  delay: number;
}

/** GIFs hold opaque pixels of four channels here; a screenshot has three. */
const pixelsOf = (png: Uint8Array): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } => {
  const { width, height, data, channels } = decode(png);
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at += 1)
    for (let channel = 0; channel < 3; channel += 1)
      pixels[at * 4 + channel] = data[at * channels + (channels < 3 ? 0 : channel)] ?? 0;
  return { width, height, data: pixels };
};

/** All frames have the size of the first. */
export const animation = async (frames: readonly Frame[]): Promise<Uint8Array<ArrayBuffer>> => {
  const drawn = frames.map(({ png, delay }) => ({ ...pixelsOf(png), delay }));
  const first = drawn[0];
  if (first === undefined) throw new Error('An animation needs a frame.');
  const { width, height } = first;
  const bytes = await encode({
    width,
    height,
    maxColors: 255,
    frames: drawn.map(({ data, delay }) => ({ data, delay })),
  });
  return new Uint8Array(bytes);
};
