// Stands for a style sheet, which a test has no use for.
export default {};
