const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "4.1 GiB", for sentences. */
export const bytes = (value: number): string => {
  const unit = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return unit === 0 ? `${value} B` : `${(value / 1024 ** unit).toFixed(1)} ${UNITS[unit] ?? ''}`;
};
