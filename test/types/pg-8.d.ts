declare module 'pg-8' {
  import pg from 'pg';
  export default pg;
}
