import './styles/index.css';
import { render } from 'solid-js/web';
import { Dashboard } from './dashboard.tsx';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no element #app');
render(() => <Dashboard />, root);
