/** Pictures as data URLs, no larger than a model can use. */

export const MOST_IMAGES = 8;
/** Longest side in pixels; vision models scale down to less than this. */
const LONGEST = 1536;

/** Rejects for a file that the browser cannot draw. */
export const imageUrl = async (file: File): Promise<string> => {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is no picture that this browser can read.`);
  });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  // Drawn anew: what the camera wrote beside the picture (place, time) is not sent along.
  return canvas.toDataURL('image/jpeg', 0.88);
};
