/** Bytes by device: main memory and each GPU, never added up, because what is free on one is of no use to another. Pure. */

export interface DeviceBytes {
  ram: number;
  /** In the driver's order; a GPU that is not named counts 0. */
  gpus: readonly number[];
}

export const NOTHING: DeviceBytes = { ram: 0, gpus: [] };
export const inRam = (ram: number): DeviceBytes => ({ ram, gpus: [] });

/** Every device that one of them names: 0 is main memory, 1 the first GPU. */
const wide = (...all: readonly DeviceBytes[]): number => 1 + Math.max(0, ...all.map(({ gpus }) => gpus.length));
export const onDevice = ({ ram, gpus }: DeviceBytes, device: number): number =>
  device === 0 ? ram : (gpus[device - 1] ?? 0);

/** Combines two device by device. */
export const perDevice = (
  a: DeviceBytes,
  b: DeviceBytes,
  combine: (a: number, b: number, device: number) => number,
): DeviceBytes => {
  const [ram = 0, ...gpus] = Array.from({ length: wide(a, b) }, (_, device) =>
    combine(onDevice(a, device), onDevice(b, device), device),
  );
  return { ram, gpus };
};

export const plus = (a: DeviceBytes, b: DeviceBytes): DeviceBytes => perDevice(a, b, (x, y) => x + y);
export const minus = (a: DeviceBytes, b: DeviceBytes): DeviceBytes => perDevice(a, b, (x, y) => x - y);
export const sumOf = (all: readonly DeviceBytes[]): DeviceBytes => all.reduce(plus, NOTHING);
export const totalOf = ({ ram, gpus }: DeviceBytes): number => gpus.reduce((sum, bytes) => sum + bytes, ram);

/** What is missing, device by device; a device of which nothing is wanted is never short, overfull as it may be. */
export const shortage = (free: DeviceBytes, needs: DeviceBytes): DeviceBytes =>
  perDevice(free, needs, (has, wants) => (wants > 0 ? Math.max(0, wants - has) : 0));

export const covers = (free: DeviceBytes, needs: DeviceBytes): boolean => totalOf(shortage(free, needs)) === 0;

/** Devices on which something is wanted; main memory if there is none, so that a sentence always has a number. */
export const devicesOf = (needs: DeviceBytes): number[] => {
  const used = Array.from({ length: wide(needs) }, (_, device) => device).filter(
    (device) => onDevice(needs, device) > 0,
  );
  return used.length > 0 ? used : [0];
};

export const deviceName = (device: number): string => (device === 0 ? 'main memory' : `GPU ${device - 1}`);

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
export const amount = (bytes: number): string =>
  bytes > 0 && bytes < GIB / 10 ? `${(bytes / MIB).toFixed(1)} MiB` : `${(bytes / GIB).toFixed(2)} GiB`;
