/** Measures media and draws their thumbnails, with ffprobe and ffmpeg where the machine has them. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { kindOf } from '../../contracts/media.ts';
import { childEnvironment } from '../engine/child-environment.ts';
import { runProgram } from '../engine/run-program.ts';
import { findCommand } from './find-command.ts';

export interface Measured {
  width: number | null;
  height: number | null;
  seconds: number | null;
}

const UNKNOWN: Measured = { width: null, height: null, seconds: null };
/** A picture is a courtesy: media are complete without it. */
const DEADLINE_MS = 20_000;
const WIDTH = 480;

interface Probed {
  streams?: { codec_type?: string; width?: number; height?: number }[];
  format?: { duration?: string };
}

export interface PictureOptions {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Whoever ends what is left when this server dies. */
  watch(pid: number): () => void;
}

const run = (command: string, args: string[], { env, signal, watch }: PictureOptions) =>
  runProgram(command, args, { env: childEnvironment(env), deadlineMs: DEADLINE_MS, signal, watch });

/** Nothing but the file itself may be read: a playlist must not lead elsewhere. */
const reading = (file: string): string[] => ['-protocol_whitelist', 'file', '-i', file];

/** Width, height and length of a picture, film or sound; unknown ones are null. */
export const measure = async (file: string, mime: string, options: PictureOptions): Promise<Measured> => {
  const kind = kindOf(mime);
  if (kind !== 'image' && kind !== 'video' && kind !== 'audio') return UNKNOWN;
  const ffprobe = await findCommand(['ffprobe'], options.env);
  if (ffprobe === null) return UNKNOWN;
  const args = ['-v', 'error', '-of', 'json', '-show_streams', '-show_format', ...reading(file)];
  const { code, stdout } = await run(ffprobe, args, options);
  if (code !== 0) return UNKNOWN;
  const { streams = [], format = {} } = JSON.parse(stdout) as Probed;
  const seen = kind === 'audio' ? undefined : streams.find(({ codec_type: type }) => type === 'video');
  const length = Number(format.duration);
  return {
    width: seen?.width ?? null,
    height: seen?.height ?? null,
    seconds: kind !== 'image' && Number.isFinite(length) ? length : null,
  };
};

/** What is drawn: a frame near the beginning, the picture itself, or the wave of a sound. */
const drawing = (mime: string, seconds: number | null): string[] | null => {
  const scaled = `scale='min(${WIDTH},iw)':-2`;
  switch (kindOf(mime)) {
    case 'image':
      return ['-frames:v', '1', '-vf', scaled];
    case 'video':
      return ['-ss', String(Math.min(1, (seconds ?? 0) / 2)), '-frames:v', '1', '-vf', scaled];
    case 'audio':
      return [
        '-filter_complex',
        `aformat=channel_layouts=mono,showwavespic=s=${WIDTH}x${WIDTH / 2}:colors=0x7c8cff`,
        '-frames:v',
        '1',
      ];
    default:
      return null;
  }
};

/** Writes a JPEG to `target`; false when there is nothing to draw or no ffmpeg. */
export const drawThumbnail = async (
  file: string,
  target: string,
  about: { mime: string; seconds: number | null },
  options: PictureOptions,
): Promise<boolean> => {
  const how = drawing(about.mime, about.seconds);
  const ffmpeg = how === null ? null : await findCommand(['ffmpeg'], options.env);
  if (how === null || ffmpeg === null) return false;
  const args = ['-v', 'error', '-nostdin', '-y', ...reading(file), ...how, '-f', 'mjpeg', path.resolve(target)];
  const { code } = await run(ffmpeg, args, options);
  const size = await stat(target).then(
    (found) => found.size,
    () => 0,
  );
  if (code === 0 && size > 0) return true;
  await rm(target, { force: true });
  return false;
};
