/** The machines, for embedding, for the Stately editor and for the generated diagrams. */
export { engineMachine } from './engine.machine.ts';
export { modelMachine } from './model.machine.ts';
export { routerMachine } from './router.machine.ts';
export { supervisorMachine } from './supervisor.machine.ts';
